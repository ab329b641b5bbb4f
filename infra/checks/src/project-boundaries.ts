import type { Project } from './projects.js';

/** Which tags a project of a tag may use. `testing` may be used by anyone's specs (a devDependency), never by production code. */
const MAY_USE: Readonly<Record<string, readonly string[]>> = {
  'type:lib': ['type:lib'],
  'layer:rules': ['layer:rules', 'layer:proto'],
  'layer:proto': [],
  'type:stores': [],
  'type:testing': ['type:stores'],
  'type:service': ['type:lib'],
  'type:infra': ['type:lib', 'type:stores', 'type:testing', 'type:infra'],
};

/** The most particular tag of a project decides. */
const PRECEDENCE = [
  'layer:proto',
  'layer:rules',
  'type:stores',
  'type:testing',
  'type:service',
  'type:infra',
  'type:lib',
];

/** Each use between projects that their tags do not allow, in words. */
export function forbiddenUses(projects: readonly Project[]): string[] {
  const byName = new Map(projects.map((project) => [project.name, project]));
  const problems: string[] = [];
  for (const project of projects) {
    const tag = PRECEDENCE.find((candidate) => project.tags.includes(candidate));
    if (tag === undefined) {
      problems.push(`${project.folder} has no tag of: ${PRECEDENCE.join(', ')}`);
      continue;
    }
    const allowed = MAY_USE[tag] ?? [];
    for (const used of project.dependencies.flatMap((name) => byName.get(name) ?? [])) {
      if (!used.tags.some((usedTag) => allowed.includes(usedTag)))
        problems.push(`${project.folder} (${tag}) may not use ${used.folder} (${used.tags.join(', ')})`);
    }
    for (const used of project.devDependencies.flatMap((name) => byName.get(name) ?? [])) {
      if (
        !used.tags.some((usedTag) => usedTag === 'type:testing' || usedTag === 'type:stores') &&
        !used.tags.some((usedTag) => allowed.includes(usedTag))
      )
        problems.push(`${project.folder} may not use ${used.folder} in its specs`);
    }
  }
  return problems;
}
