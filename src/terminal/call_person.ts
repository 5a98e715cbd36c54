// What calls a person to the terminal when a message has come. It says that there is one, never from whom or what it
// says: everybody nearby notices the bell and the desktop's notifications.

/** Two ways to notify, as terminals know one or the other; those that know neither ignore both. */
const NOTIFY = "\x1b]9;Sesame: a message\x1b\\\x1b]777;notify;Sesame;A message\x1b\\";

/** Both are off unless asked for. */
export function callOf(asked: { readonly bell: boolean; readonly notify?: boolean }): string {
  return (asked.bell ? "\x07" : "") + (asked.notify === true ? NOTIFY : "");
}
