import { isIPv6 } from 'node:net';
import type { RuleConfig } from '../../config/schema.ts';

/** Policy rules as lines for `ip -4 -batch` and `ip -6 -batch` (ip-rule(8)). Pure. */

export interface PlannedRules {
  4: string[];
  6: string[];
}

/** Priority of the first rule without one: after "local" (0), long before "main" (32766). Rules keep their written order. */
const firstPriority = 1000;

/**
 * Lines that add the rules. A rule with a missing interface adds a warning instead.
 * @param nameOf returns the name on this machine for a name of the configuration; null if no link matches
 */
export function planRules(
  rules: readonly RuleConfig[],
  nameOf: (name: string) => string | null,
  warnings: string[],
): PlannedRules {
  const planned: PlannedRules = { 4: [], 6: [] };
  for (const rule of withPriorities(rules)) {
    const missing = [rule.iif, rule.oif].filter(name => name !== undefined && nameOf(name) === null);
    if (missing.length > 0) {
      warnings.push(
        `the rule ${rule.priority} names ${missing.join(' and ')}: no such interface; the rule is dropped`,
      );
      continue;
    }
    const device = (name: string | undefined) => (name === undefined ? undefined : nameOf(name)!);
    planned[ruleFamily(rule)].push(`rule add ${renderRule(rule, device(rule.iif), device(rule.oif))}`);
  }
  return planned;
}

/** The same rules, each with a priority: the kernel would choose another one each time the rule is added. */
export function withPriorities(rules: readonly RuleConfig[]): (RuleConfig & { priority: number })[] {
  const taken = new Set(rules.map(({ priority }) => priority));
  let next = firstPriority;
  return rules.map(rule => {
    if (rule.priority !== undefined) return { ...rule, priority: rule.priority };
    while (taken.has(next)) next += 1;
    taken.add(next);
    return { ...rule, priority: next };
  });
}

export function ruleFamily({ family, from, to }: RuleConfig): 4 | 6 {
  return family ?? (isIPv6((from ?? to ?? '').split('/')[0]!) ? 6 : 4);
}

function renderRule(rule: RuleConfig, iif: string | undefined, oif: string | undefined): string {
  const { from, to, fwmark, fwmask, table, type, suppressPrefixLength } = rule;
  const mask = fwmask === undefined ? '' : `/${fwmask}`;
  return [
    ...(rule.not ? ['not'] : []),
    `from ${from ?? 'all'}`,
    ...(to === undefined ? [] : [`to ${to}`]),
    ...(fwmark === undefined && fwmask === undefined ? [] : [`fwmark ${fwmark ?? 0}${mask}`]),
    ...(iif === undefined ? [] : [`iif ${iif}`]),
    ...(oif === undefined ? [] : [`oif ${oif}`]),
    `priority ${rule.priority}`,
    table === undefined ? `type ${type}` : `table ${table}`,
    ...(suppressPrefixLength === undefined ? [] : [`suppress_prefixlength ${suppressPrefixLength}`]),
  ].join(' ');
}
