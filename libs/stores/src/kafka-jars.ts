import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { StoreError } from './store-process.js';

export const KAFKA_VERSION = '4.1.0';

const run = promisify(execFile);
const DOWNLOAD_TIMEOUT_MS = 300_000;

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion><groupId>dev.dailydoco</groupId><artifactId>kafka-jars</artifactId><version>1</version>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>${KAFKA_VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

function cacheFolder(): string {
  return process.env['DAILYDOCO_CACHE_DIR'] ?? join(homedir(), '.cache', 'dailydoco');
}

/**
 * The folder with the broker's jars: fetched once from Maven Central into a cache that clones share. An interrupted download is
 * never used, because it becomes the folder by a rename.
 */
export async function ensureKafkaJars(options: { onProgress?: (text: string) => void } = {}): Promise<string> {
  const folder = join(cacheFolder(), `kafka-${KAFKA_VERSION}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cacheFolder(), { recursive: true });
  const download = mkdtempSync(join(cacheFolder(), 'download-'));
  options.onProgress?.(`fetching Kafka ${KAFKA_VERSION} from Maven Central, once`);
  try {
    writeFileSync(join(download, 'pom.xml'), POM);
    const args = [
      '-q',
      '-B',
      '-f',
      join(download, 'pom.xml'),
      'dependency:copy-dependencies',
      `-DoutputDirectory=${join(download, 'jars')}`,
      '-DincludeScope=runtime',
    ];
    await run('mvn', args, { cwd: download, timeout: DOWNLOAD_TIMEOUT_MS });
    if (!existsSync(folder)) renameSync(join(download, 'jars'), folder);
    return folder;
  } catch (cause) {
    throw new StoreError(
      `Kafka's jars could not be fetched from Maven Central: ${cause instanceof Error ? cause.message : String(cause)}`,
      { cause },
    );
  } finally {
    rmSync(download, { recursive: true, force: true });
  }
}
