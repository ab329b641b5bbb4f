import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** Where the links and pictures of a Markdown text lead, those to other hosts and within the text left out. */
export function linksIn(markdown: string): string[] {
  return [...markdown.matchAll(/\]\(([^)\s#]+)(?:#[^)]*)?\)|<img src="([^"]+)"/g)]
    .map((match) => match[1] ?? match[2] ?? '')
    .filter((link) => link !== '' && !/^[a-z]+:/.test(link));
}

/** The links of documents that lead nowhere. */
export function deadLinks(root: string, files: readonly string[]): string[] {
  return files
    .filter((file) => existsSync(join(root, file)))
    .flatMap((file) =>
      linksIn(readFileSync(join(root, file), 'utf8'))
        .filter((link) => !existsSync(join(root, normalize(join(dirname(file), link)))))
        .map((link) => `${file} links to ${link}, which is not there`),
    );
}
