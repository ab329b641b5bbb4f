import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// From src as from dist, both one level below the project.
const project = fileURLToPath(new URL('../', import.meta.url));

/** The repository that this project is part of. */
export const repository = join(project, '..', '..');
export const chartsFolder = join(repository, 'charts');
export const umbrellaFolder = join(chartsFolder, 'dailydoco');
export const examplesFolder = join(umbrellaFolder, 'examples');
export const crdFolder = join(project, 'crds');
export const verifierFolder = join(project, 'verify');
export const upgradesFolder = join(project, 'upgrades');
