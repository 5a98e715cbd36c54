// A PKGBUILD for Arch's makepkg: the portable file, the man page and the completions, fetched from where they are published
// and compared with their sums. Made only where that address is known, since a recipe without one builds nothing.

import { basename } from "node:path";

export interface Published {
  readonly name: string;
  readonly sha256: string;
}

/** What Arch calls the machines that there is a portable file for. */
const MACHINES = { x86_64: "sesame-linux-x64-portable", aarch64: "sesame-linux-arm64-portable" } as const;

/** `address`: the folder that the files are published in, without a slash at the end. `files`: all of the release. */
export function pkgbuild(version: string, address: string, files: readonly Published[]): string {
  const sum = (name: string) => files.find((file) => file.name === name)?.sha256;
  const papers = ["sesame.1", "sesame.bash", "_sesame", "sesame.fish", "LICENSE", "THIRD-PARTY-LICENCES.txt"];
  const machines = Object.entries(MACHINES).filter(([, name]) => sum(name) !== undefined);
  const quoted = (words: readonly string[]) => words.map((word) => `'${word}'`).join(" ");
  // Under a name with the version, so that makepkg takes no older file for it.
  const fetched = (name: string) => `sesame-${version}-${basename(name)}::${address}/${name}`;
  const here = (name: string) => `"$srcdir/sesame-$pkgver-${name}"`;
  return `# Made by scripts/release/pkgbuild.ts; not edited by hand.
pkgname=sesame-chat-bin
pkgver=${version}
pkgrel=1
pkgdesc='A private chat in the terminal that leaves nothing behind'
arch=(${quoted(machines.map(([machine]) => machine))})
license=('MIT')
depends=('glibc' 'gcc-libs')
provides=('sesame-chat')
# The runtime stays as its maker made it: the file reads its own parts by their places.
options=('!strip' '!debug')
source=(${quoted(papers.map(fetched))})
sha256sums=(${quoted(papers.map((name) => sum(name) ?? "SKIP"))})
${
    machines.map(([machine, name]) =>
      `source_${machine}=(${quoted([fetched(name)])})\nsha256sums_${machine}=(${quoted([sum(name) ?? ""])})`
    ).join("\n")
  }

package() {
  local file
  case $CARCH in
${machines.map(([machine, name]) => `    ${machine}) file=${name} ;;`).join("\n")}
  esac
  install -Dm755 "$srcdir/sesame-$pkgver-$file" "$pkgdir/usr/bin/sesame"
  install -Dm644 ${here("sesame.1")} "$pkgdir/usr/share/man/man1/sesame.1"
  install -Dm644 ${here("sesame.bash")} "$pkgdir/usr/share/bash-completion/completions/sesame"
  install -Dm644 ${here("_sesame")} "$pkgdir/usr/share/zsh/site-functions/_sesame"
  install -Dm644 ${here("sesame.fish")} "$pkgdir/usr/share/fish/vendor_completions.d/sesame.fish"
  install -Dm644 ${here("LICENSE")} "$pkgdir/usr/share/licenses/$pkgname/LICENSE"
  install -Dm644 ${here("THIRD-PARTY-LICENCES.txt")} "$pkgdir/usr/share/licenses/$pkgname/THIRD-PARTY-LICENCES.txt"
}
`;
}
