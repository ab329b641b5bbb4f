import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * URL of the module that lets plain node run this workspace's TypeScript in a child process of a spec:
 * `node --conditions=@dailydoco/source --import <sourceHooks> file.ts`.
 */
export const sourceHooks: string = pathToFileURL(fileURLToPath(new URL('../source-hooks.mjs', import.meta.url))).href;
