import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';

export interface Matcher {
  readonly label: string;
  readonly value: string;
}

/** One place in an expression that names a metric. */
export interface Selector {
  readonly metric: string;
  readonly matchers: readonly Matcher[];
}

/** Labels that something is grouped or matched by, and the selectors that they must come from. */
export interface Grouping {
  readonly labels: readonly string[];
  readonly selectors: readonly Selector[];
}

export interface Expression {
  readonly selectors: readonly Selector[];
  readonly groupings: readonly Grouping[];
}

/** Grafana's own variables, as they look when it asks. */
export function withoutVariables(expr: string): string {
  return expr.replaceAll('$__rate_interval', '1m').replaceAll(/\$[a-z]+/g, '.+');
}

/** What an expression names. Throws when it is no PromQL. */
export function analyse(expr: string): Expression {
  const tree = parser.parse(expr);
  const groupings: Grouping[] = [];
  tree.iterate({
    enter: ({ node, type }) => {
      if (type.isError) throw new Error(`no PromQL near ${node.from}: ${expr}`);
      if (type.name === 'AggregateExpr') groupings.push(groupingOf(node, expr));
    },
  });
  return { selectors: selectorsIn(tree.topNode, expr), groupings };
}

function textOf(node: SyntaxNode, expr: string): string {
  return expr.slice(node.from, node.to);
}

/** All nodes of a name at or below one. */
function nodesIn(top: SyntaxNode, name: string): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  top.cursor().iterate(({ node, type, from, to }) => {
    if (type.name === name && from >= top.from && to <= top.to) found.push(node);
  });
  return found;
}

function selectorsIn(top: SyntaxNode, expr: string): Selector[] {
  return nodesIn(top, 'VectorSelector').map((node) => {
    const metric = node.getChild('Identifier');
    if (metric === null) throw new Error(`a selector without a metric: ${expr}`);
    const matchers = nodesIn(node, 'UnquotedLabelMatcher').map((matcher) => ({
      label: textOf(matcher.getChild('LabelName') ?? matcher, expr),
      value: textOf(matcher.getChild('StringLiteral') ?? matcher, expr).slice(1, -1),
    }));
    return { metric: textOf(metric, expr), matchers };
  });
}

function groupingOf(node: SyntaxNode, expr: string): Grouping {
  const modifier = node.getChild('AggregateModifier');
  const labels = modifier === null ? [] : nodesIn(modifier, 'LabelName').map((label) => textOf(label, expr));
  return { labels, selectors: selectorsIn(node, expr) };
}
