// The lint rules of the house: `rooms` (every import stays within the table), `names` (each dangerous name appears in
// its one place), `arrays` (no bytes of a phrase in arrays that nobody wipes) and `linear` (no pattern that a long text
// makes slow), `sizes` (no file, function or class is too long) and `words` (what a person reads stands in src/words/),
// for `main.ts` and `src/`, tests apart. The tables are in `rooms.ts`. Out of scope: anything about style, which is
// `deno fmt` and `deno lint`'s own. No scopes are resolved: a local variable called `performance` is reported too, and
// needs another name.

import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import {
  BARE_GLOBAL_THIS,
  BEFORE_PROMPT,
  GLOBALS,
  LEAVES,
  LONGER,
  MEMBERS,
  MODULES,
  type Names,
  NAMESPACES,
  NO_TEXT_OF_OTHERS,
  NO_WORDS,
  PHRASE_READERS,
  type Place,
  ROOMS,
  SIGNALS,
  SIZES,
  TEST_FILE,
  WORDS_ELSEWHERE,
} from "./rooms.ts";
import { slowPattern } from "./slow_pattern.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

export default {
  name: "sesame",
  rules: {
    "rooms": { create: (context) => judged(context, rooms) },
    "names": { create: (context) => judged(context, names) },
    "sizes": { create: (context) => judged(context, (file, report) => sizes(file, report, context.sourceCode.text)) },
    "words": { create: (context) => judged(context, words) },
    "arrays": { create: (context) => judged(context, arrays) },
    "linear": { create: (context) => judged(context, linear) },
  },
} satisfies Deno.lint.Plugin;

type Node = Deno.lint.Node;
/** All but the whole file have a parent. */
type Inner = Extract<Node, { parent: Node }>;
type Report = (node: Node, message: string) => void;

function judged(context: Deno.lint.RuleContext, rule: (file: Place, report: Report) => Deno.lint.LintVisitor) {
  const file = placeOf(context.filename);
  if (file === undefined) return {};
  return rule(file, (node, message) => context.report({ node, message }));
}

/** The file's path within the project; `undefined` where the rules say nothing about it. */
function placeOf(filename: string): Place | undefined {
  const file = relative(ROOT, filename).replaceAll("\\", "/");
  return file === "main.ts" || (file.startsWith("src/") && !TEST_FILE.test(file)) ? file : undefined;
}

// --- arrays ---------------------------------------------------------------------------------------------------------

/** `const [a, b] = [x, y]` makes an array on the heap, which holds what is in it until something else comes there. */
function arrays(file: Place, report: Report): Deno.lint.LintVisitor {
  if (!PHRASE_READERS.includes(file)) return {};
  const message = "This file reads a phrase: a name each, since the array would stay in memory with what is in it.";
  return {
    VariableDeclarator: (n) => {
      if (n.id.type === "ArrayPattern" && n.init?.type === "ArrayExpression") report(n, message);
    },
    AssignmentExpression: (n) => {
      if (n.left.type === "ArrayPattern" && n.right.type === "ArrayExpression") report(n, message);
    },
  };
}

// --- linear ---------------------------------------------------------------------------------------------------------

/** Patterns see text of peers and of people everywhere but in the rooms that read the system's own. */
function linear(file: Place, report: Report): Deno.lint.LintVisitor {
  if (NO_TEXT_OF_OTHERS.some((place) => file.startsWith(place))) return {};
  return {
    Literal(n) {
      if (!("regex" in n) || n.regex === undefined) return;
      const problem = slowPattern(n.regex.pattern, n.regex.flags);
      if (problem !== undefined) report(n, problem);
    },
  };
}

// --- sizes ----------------------------------------------------------------------------------------------------------

/** A file, a function and a class are read in one go; what is longer stands in LONGER with its reason. */
function sizes(file: Place, report: Report, text: string): Deno.lint.LintVisitor {
  const judge = (node: Node, what: keyof typeof SIZES, name?: string) => {
    const [from, to] = what === "file" ? [0, text.length] : node.range;
    const lines = text.slice(from, to).trimEnd().split("\n").length;
    if (lines <= SIZES[what] || LONGER.some((entry) => entry.file === file && entry.name === name)) return;
    const shown = name === undefined ? "This file" : `${what} ${name}`;
    report(node, `${shown} has ${lines} lines; ${SIZES[what]} are the most (scripts/rooms.ts). Move a whole idea out.`);
  };
  const named = (n: Inner): string => {
    const { parent } = n;
    switch (parent.type) {
      case "MethodDefinition":
      case "Property":
      case "PropertyDefinition":
        return parent.key.type === "PrivateIdentifier" ? `#${parent.key.name}` : nameOf(parent.key) ?? "";
      case "VariableDeclarator":
        return nameOf(parent.id) ?? "";
      default:
        return "";
    }
  };
  return {
    Program: (n) => judge(n, "file"),
    ClassDeclaration: (n) => judge(n, "class", n.id?.name ?? ""),
    FunctionDeclaration: (n) => judge(n, "function", n.id?.name ?? ""),
    FunctionExpression: (n) => judge(n, "function", named(n)),
    ArrowFunctionExpression: (n) => judge(n, "function", named(n)),
  };
}

// --- words ----------------------------------------------------------------------------------------------------------

/** Three words in a row, the second and third in small letters: English, which stands in `src/words/` alone. */
const SENTENCE = /[A-Za-z]['A-Za-z]* [a-z][a-z']* [a-z]['a-z]*/;

/** What a person reads is worded in one place. The text of an Error is a bug's and shown to nobody (words/problems.ts). */
function words(file: Place, report: Report): Deno.lint.LintVisitor {
  if (file.startsWith("src/words/") || WORDS_ELSEWHERE.some((entry) => entry.file === file)) return {};
  const judge = (node: Inner, text: string) => {
    if (!SENTENCE.test(text) || NO_WORDS.includes(text) || isForNobody(node)) return;
    report(node, `"${text.slice(0, 40)}": what a person reads is worded in src/words/.`);
  };
  return {
    Literal: (n) => typeof n.value === "string" && judge(n, n.value),
    TemplateElement: (n) => judge(n, n.cooked),
  };
}

/** Of an Error or a ProtocolViolation, a type, or a name among several that code compares. */
function isForNobody(node: Inner): boolean {
  for (let at: Node = node; "parent" in at; at = at.parent as Node) {
    if (at.type === "TSLiteralType") return true;
    if (at.type === "NewExpression") return /(Error|Violation)$/.test(nameOf(at.callee) ?? "");
    if (at.type === "CallExpression" && at.callee.type === "Super") return true;
    if (/Statement$|Declaration$|^Function/.test(at.type)) return false;
  }
  return false;
}

// --- rooms ----------------------------------------------------------------------------------------------------------

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

function rooms(file: Place, report: Report): Deno.lint.LintVisitor {
  const judge = (node: Node, source: Node | null, typeOnly: boolean, dynamic = false) => {
    if (source === null) return; // `export { a }`: nothing is imported
    const specifier = literal(source);
    if (specifier === undefined) return report(node, "An import has a literal name, so that it can be judged.");
    const problem = importProblem(file, { specifier, typeOnly, dynamic });
    if (problem !== undefined) report(node, problem);
  };
  return {
    ImportDeclaration: (n) =>
      judge(n, n.source, n.importKind === "type" || allTypes(n.specifiers, (s) => "importKind" in s && s.importKind)),
    ExportNamedDeclaration: (n) =>
      judge(n, n.source, n.exportKind === "type" || allTypes(n.specifiers, (s) => s.exportKind)),
    ExportAllDeclaration: (n) => judge(n, n.source, n.exportKind === "type"),
    ImportExpression: (n) => judge(n, n.source, false, true),
    TSImportType: (n) => judge(n, n.argument.type === "TSLiteralType" ? n.argument.literal : n.argument, true),
    TSExternalModuleReference: (n) => judge(n, n.expression, false),
  };
}

/** `import { type A, type B }`: each is a type. An import of nothing runs the file, so it is none of types. */
function allTypes<T>(specifiers: readonly T[], kind: (specifier: T) => unknown): boolean {
  return specifiers.length > 0 && specifiers.every((s) => kind(s) === "type");
}

function importProblem(file: Place, imported: Import): string | undefined {
  if (!/^\.\.?\//.test(imported.specifier)) return moduleProblem(file, imported);
  const target = new URL(imported.specifier, new URL(file, "file:///")).pathname.slice(1);
  const from = roomOf(file);
  const to = roomOf(target);
  if (from === undefined) return `${file} is in no room of scripts/rooms.ts: move it into one.`;
  if (target === "main.ts") return "main.ts is where the program begins: nobody may import it.";
  if (to === undefined || TEST_FILE.test(target)) {
    return `${target} is no part of the program: only tests may import it.`;
  }
  return roomProblem(from, to, imported) ?? privateProblem(from, to, target) ??
    heavyProblem(file, to, target, imported);
}

function roomProblem(from: string, to: string, { typeOnly }: Import): string | undefined {
  if (to === LEAF || from === to) return undefined;
  if (from === LEAF) return `A file of src/ itself may import only its like: ${LEAVES.join(", ")}.`;
  const room = ROOMS.find((r) => r.name === from);
  if (room?.mayImport.includes(to)) return undefined;
  if (room?.typesOf?.includes(to)) {
    return typeOnly ? undefined : `src/${from}/ may import only types of src/${to}/: write "import type".`;
  }
  const importers = ROOMS.filter((r) => r.mayImport.includes(to)).map((r) => `src/${r.name}/`);
  return `src/${from}/ may not import src/${to}/: only ${list(importers)} may (scripts/rooms.ts).`;
}

function privateProblem(from: string, to: string, target: Place): string | undefined {
  const isPrivate = target.split("/").at(-1)!.startsWith("_");
  return isPrivate && from !== to ? `${target} is private: only src/${to}/ may import it.` : undefined;
}

function heavyProblem(file: Place, to: string, target: Place, { typeOnly, dynamic }: Import): string | undefined {
  const { files, rooms } = BEFORE_PROMPT;
  if (!files.includes(file) || typeOnly || dynamic) return undefined;
  if (file === "main.ts" && to !== "host") {
    return `main.ts loads ${target} before the process is hardened: write "await import(...)" behind that.`;
  }
  if (to === LEAF || rooms.includes(to) || files.includes(target)) return undefined;
  return `${file} runs before the prompt and loads ${target} behind it: write "await import(...)".`;
}

function moduleProblem(file: Place, { specifier }: Import): string | undefined {
  const entry = MODULES.find((m) => m.names.includes(specifier));
  if (entry !== undefined) return allows(entry, file) ? undefined : `${specifier}: ${onlyIn(entry)}.`;
  const oracle = specifier.startsWith("@noble/") ? " It checks our results in tests and bench." : "";
  return `${specifier} is not in the table of scripts/rooms.ts: the program may not import it.${oracle}`;
}

const LEAF = " leaf";

/** A room's name, LEAF, or `undefined` for what is no part of the program. */
function roomOf(file: Place): string | undefined {
  if (file === "main.ts") return "cli";
  const [top, room, ...rest] = file.split("/");
  if (top !== "src" || room === undefined) return undefined;
  if (rest.length === 0) return LEAVES.includes(room) ? LEAF : undefined;
  return ROOMS.find((r) => r.name === room)?.name;
}

// --- names ----------------------------------------------------------------------------------------------------------

function names(file: Place, report: Report): Deno.lint.LintVisitor {
  const judge = (node: Node, shown: string, entry: Names | undefined) => {
    if (entry !== undefined && !allows(entry, file)) report(node, `${shown}: ${onlyIn(entry)}.`);
  };
  /** A global by its name, as it stands or as `globalThis.name`. */
  const judgeGlobal = (node: Inner, name: string) => {
    const namespace = NAMESPACES[name];
    if (namespace === undefined || !Object.hasOwn(NAMESPACES, name)) return judge(node, name, find(GLOBALS, name));
    const member = node.parent.type === "MemberExpression" && node.parent.object === node ? node.parent : undefined;
    const property = member === undefined ? undefined : propertyOf(member);
    if (property === undefined) {
      return report(node, `${name} is asked for one thing at a time, by name (${name}.x), so that it can be judged.`);
    }
    const signal = name === "Deno" && /SignalListener$/.test(property) ? signalOf(member!) : undefined;
    const entry = find(namespace.members, property);
    if (signal !== undefined && allows(signal, file)) return;
    if (entry === undefined && namespace.othersRefused) {
      return report(node, `${name}.${property} is not in the table of scripts/rooms.ts: the program may not use it.`);
    }
    judge(node, `${name}.${property}`, entry);
  };
  return {
    Identifier(n) {
      if (!isReference(n)) return;
      const member = n.parent.type === "MemberExpression" && n.parent.object === n ? n.parent : undefined;
      const property = member === undefined ? undefined : propertyOf(member);
      if (n.name === "globalThis") {
        if (member !== undefined && property !== undefined && property !== "globalThis" && property !== "self") {
          judgeGlobal(member, property);
        } else if (!allows(BARE_GLOBAL_THIS, file)) {
          report(n, "globalThis is asked for one thing at a time, by name (globalThis.x), so that it can be judged.");
        }
      } else if (n.name === "self" && member !== undefined && property !== undefined) {
        // Often a variable of one's own, so only what would be dangerous of the global is judged.
        judgeGlobal(member, property);
      } else judgeGlobal(n, n.name);
    },
    MemberExpression(n) {
      const property = propertyOf(n);
      if (property !== undefined) judge(n, `.${property}`, find(MEMBERS, property));
    },
    ObjectPattern(n) {
      for (const property of n.properties) {
        if (property.type !== "Property") continue;
        const name = property.computed ? literal(property.key) : nameOf(property.key);
        if (name !== undefined) judge(property, `.${name}`, find(MEMBERS, name));
      }
    },
  };
}

/** Is this identifier the value of that name, rather than a key, a member, a type, or part of an import? */
function isReference(n: Deno.lint.Identifier): boolean {
  const parent = n.parent;
  switch (parent.type) {
    case "MemberExpression":
      return parent.object === n || parent.computed;
    case "Property":
    case "PropertyDefinition":
    case "MethodDefinition":
      return parent.key !== n || parent.computed;
    case "ExportSpecifier":
      return parent.local === n && parent.parent.type === "ExportNamedDeclaration" && parent.parent.source === null;
    case "ImportSpecifier":
    case "ImportDefaultSpecifier":
    case "ImportNamespaceSpecifier":
    case "TSQualifiedName":
    case "TSTypeReference":
    case "TSTypeQuery":
    case "TSImportType":
    case "TSInterfaceHeritage":
    case "TSPropertySignature":
    case "TSMethodSignature":
    case "TSFunctionType":
    case "TSTypeAliasDeclaration":
    case "TSInterfaceDeclaration":
    case "TSEnumMember":
    case "LabeledStatement":
      return false;
    default:
      return true;
  }
}

/** The signal that this call of a signal listener names, and who may listen for it. */
function signalOf(callee: Deno.lint.MemberExpression): Names | undefined {
  const call = callee.parent;
  if (call.type !== "CallExpression" || call.callee !== callee) return undefined;
  const signal = call.arguments[0] === undefined ? undefined : literal(call.arguments[0]);
  return signal === undefined ? undefined : find(SIGNALS, signal);
}

function propertyOf(member: Deno.lint.MemberExpression): string | undefined {
  return member.computed ? literal(member.property) : nameOf(member.property);
}

function nameOf(node: Node): string | undefined {
  return node.type === "Identifier" ? node.name : literal(node);
}

/** The text of a string literal, also of a template without holes. */
function literal(node: Node): string | undefined {
  if (node.type === "Literal") return typeof node.value === "string" ? node.value : undefined;
  if (node.type === "TemplateLiteral" && node.expressions.length === 0) return node.quasis[0]?.cooked;
  return undefined;
}

// --- both -----------------------------------------------------------------------------------------------------------

function find(table: readonly Names[], name: string): Names | undefined {
  return table.find((entry) => entry.names.some((n) => n.endsWith("*") ? name.startsWith(n.slice(0, -1)) : n === name));
}

function allows({ only }: Names, file: Place): boolean {
  return only.some((place) => place.endsWith("/") ? file.startsWith(place) : file === place);
}

function onlyIn({ only }: Names): string {
  return only.length === 0 ? "nowhere in the program" : `only in ${list(only)} (scripts/rooms.ts)`;
}

function list(places: readonly string[]): string {
  return places.join(", ") || "nobody";
}
