// Extensions of a certificate that no certificate of ours may have, well-formed and malformed, each a whole Extension in hex.

/** Each would be harmless to most. */
export const WELL_FORMED: readonly (readonly [what: string, hex: string])[] = [
  ["basic constraints, critical, as openssl req -x509 makes them", "300f0603551d130101ff040530030101ff"],
  ["one that nobody knows", "300b06042a0304050403ffffff"],
  ["a critical one that TLS does not know", "300c0603551d630101ff04023000"],
  ["an alternative name", "300f0603551d1104083006820461626364"],
];

export const MALFORMED: readonly (readonly [what: string, hex: string])[] = [
  ["alternative name that is no SEQUENCE", "300b0603551d110404deadbeef"],
  ["alternative name that is empty", "30070603551d110400"],
  ["alternative name cut off", "30090603551d1104023005"],
  ["basic constraints with bytes behind", "300a0603551d130403300000"],
  ["basic constraints with a boolean of two bytes", "300e0603551d1304073005010200000000"],
  ["name constraints that are no SEQUENCE", "30080603551d1e040104"],
  ["CRL distribution points that are no SEQUENCE", "30080603551d1f040131"],
  ["extended key usage that is empty", "30070603551d250400"],
  ["extended key usage cut off", "30090603551d2504023007"],
  ["key usage that is no BIT STRING", "30090603551d0f04023000"],
  ["key usage with nine unused bits", "300b0603551d0f040403020900"],
  ["signed certificate timestamps that are no OCTET STRING", "3010060a2b06010401d67902040204023000"],
  ["signed certificate timestamps that are empty", "300e060a2b06010401d6790204020400"],
  ["signed certificate timestamps cut off", "3012060a2b06010401d679020402040404020079"],
  ["authority information that is no SEQUENCE", "300d06082b06010505070101040101"],
  ["a boolean that is neither true nor false", "300f0603551d13010101040530030101ff"],
  ["an extension without a value", "30050603551d13"],
  ["an extension with two values", "300b0603551d13040230000400"],
  ["an extension that is no SEQUENCE", "0400"],
  ["an identifier that is none", "300602010504013000"],
  ["an identifier that is empty", "30060600040230 00".replace(" ", "")],
  ["a length longer than the certificate", "30847fffffff"],
];
