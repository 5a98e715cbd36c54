// Finds every place where a mutation can be made, and every block: a plugin of `deno lint`, which has the syntax tree,
// so that no other parser is needed. Each place is "reported", with what to write there instead, as JSON in the
// message. Out of scope: making mutants (sites.ts) and running tests (tests.ts).

type Node = Deno.lint.Node;

export interface Site {
  /** Offsets in the text of the file. */
  readonly from: number;
  readonly to: number;
  readonly kind: string;
  readonly text: string;
}

/** Offsets of a block's braces: the first is just behind the opening one, the second just before the closing one. */
export interface Block {
  readonly from: number;
  readonly to: number;
}

/** Each operator and the one that is most like it. */
const BINARY: Readonly<Record<string, string>> = {
  "===": "!==",
  "!==": "===",
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "+": "-",
  "-": "+",
  "*": "/",
  "/": "*",
  "%": "*",
  "<<": ">>",
  ">>": "<<",
  ">>>": "<<",
  "&": "|",
  "|": "&",
  "^": "|",
  "&&": "||",
  "||": "&&",
  "+=": "-=",
  "-=": "+=",
  "++": "--",
  "--": "++",
};

function sites(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  const source = context.sourceCode.text;
  const report = (node: Node, site: Site) => context.report({ node, message: JSON.stringify(site) });
  const textOf = (node: Node) => source.slice(...node.range);
  const replace = (node: Node, kind: string, text: string) => {
    const [from, to] = node.range;
    if (textOf(node) !== text) report(node, { from, to, kind, text });
  };
  /** The operator stands between its operands, and no comment of ours has one of these beside it. */
  const operator = (node: Node, sign: string, left: Node, right: Node) => {
    const other = BINARY[sign];
    const at = source.indexOf(sign, left.range[1]);
    if (other === undefined || at < 0 || at >= right.range[0]) return;
    report(node, { from: at, to: at + sign.length, kind: "operator", text: other });
  };
  const condition = (test: Node) => {
    replace(test, "condition", "true");
    replace(test, "condition", "false");
  };
  return {
    BinaryExpression: (n) => operator(n, n.operator, n.left, n.right),
    LogicalExpression(n) {
      if (n.operator === "??") replace(n, "operator", textOf(n.left));
      else operator(n, n.operator, n.left, n.right);
    },
    AssignmentExpression: (n) => operator(n, n.operator, n.left, n.right),
    UpdateExpression: (n) => replace(n, "operator", textOf(n).replace(n.operator, BINARY[n.operator]!)),
    UnaryExpression(n) {
      if (n.operator === "!" && n.parent.type !== "IfStatement") replace(n, "operator", textOf(n.argument));
    },
    IfStatement: (n) => condition(n.test),
    ConditionalExpression: (n) => condition(n.test),
    WhileStatement: (n) => replace(n.test, "condition", "false"),
    Literal(n) {
      if (n.parent.type === "TSLiteralType") return;
      if (typeof n.value === "boolean") replace(n, "constant", String(!n.value));
      if (typeof n.value !== "number" || n.parent.type === "UnaryExpression") return;
      replace(n, "constant", String(n.value + 1));
      if (n.value > 0) replace(n, "constant", String(n.value - 1));
    },
    ExpressionStatement(n) {
      // The docstring-like ones ("use strict") and super() are none of ours.
      if (!textOf(n).startsWith("super")) replace(n, "statement", ";");
    },
    ReturnStatement(n) {
      if (n.argument !== null && textOf(n.argument) !== "undefined") replace(n, "return", "return undefined;");
    },
    ThrowStatement: (n) => replace(n, "statement", ";"),
    BreakStatement: (n) => n.parent.type === "SwitchCase" ? undefined : replace(n, "statement", ";"),
  };
}

function blocks(context: Deno.lint.RuleContext): Deno.lint.LintVisitor {
  return {
    BlockStatement(node) {
      const block: Block = { from: node.range[0] + 1, to: node.range[1] - 1 };
      context.report({ node, message: JSON.stringify(block) });
    },
  };
}

export default {
  name: "mutate",
  rules: { sites: { create: sites }, blocks: { create: blocks } },
} satisfies Deno.lint.Plugin;
