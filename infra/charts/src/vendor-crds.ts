// `node infra/charts/dist/vendor-crds.js`: takes the CustomResourceDefinitions that the charts' objects are held against out of
// the Go modules of the projects that define them, trims them to what validation needs and writes them to crds/.
// Those of Strimzi are made from its Java model (strimzi/, see crds/README.md); a folder named on the command line is where
// they lie: `node dist/vendor-crds.js FOLDER`.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureGo, type Go, runProgram } from '@dailydoco/tools';
import { Document, isMap, isScalar, parse, Scalar, visit } from 'yaml';
import { type Definition, trimDefinition } from './crd-trim.js';
import { crdFolder } from './places.js';

const SOURCES: readonly { module: string; files: readonly string[] }[] = [
  {
    module: 'github.com/cloudnative-pg/cloudnative-pg@v1.28.0',
    files: ['clusters', 'databases', 'scheduledbackups'].map(
      (name) => `config/crd/bases/postgresql.cnpg.io_${name}.yaml`,
    ),
  },
  {
    module: 'github.com/kedacore/keda/v2@v2.21.0',
    files: ['scaledobjects', 'triggerauthentications'].map((name) => `config/crd/bases/keda.sh_${name}.yaml`),
  },
  {
    module: 'github.com/cert-manager/cert-manager@v1.21.2',
    files: ['certificates', 'issuers'].map((name) => `deploy/crds/cert-manager.io_${name}.yaml`),
  },
  {
    module: 'github.com/prometheus-operator/prometheus-operator@v0.85.0',
    files: ['servicemonitors', 'podmonitors', 'prometheusrules'].map(
      (name) => `example/prometheus-operator-crd/monitoring.coreos.com_${name}.yaml`,
    ),
  },
  {
    module: 'github.com/external-secrets/external-secrets@v1.3.2',
    files: ['config/crds/bases/external-secrets.io_externalsecrets.yaml'],
  },
  {
    module: 'sigs.k8s.io/gateway-api@v1.6.3',
    files: ['httproutes', 'grpcroutes'].map((name) => `config/crd/standard/gateway.networking.k8s.io_${name}.yaml`),
  },
];

const DOWNLOAD_TIMEOUT_MS = 300_000;

async function moduleFolder(go: Go, module: string, cwd: string): Promise<string> {
  const args = ['mod', 'download', '-json', module];
  const answer = await runProgram({ command: go.command, env: go.env, args, cwd, timeoutMs: DOWNLOAD_TIMEOUT_MS });
  return (JSON.parse(answer) as { Dir: string }).Dir;
}

function readDefinition(file: string): Definition {
  return trimDefinition(parse(readFileSync(file, 'utf8')) as Definition);
}

function writeDefinition(definition: Definition, origin: string): void {
  const name = `${definition.spec.group}_${definition.spec.names.plural}.yaml`;
  const document = new Document(definition, { aliasDuplicateObjects: false });
  // As few lines as can be read: nobody edits these files.
  visit(document, {
    Scalar(_, node) {
      // Readers of YAML differ about what a bare pattern is.
      if (typeof node.value === 'string' && !/^[\w./-]+$/.test(node.value)) node.type = Scalar.QUOTE_SINGLE;
    },
    Collection(_, node) {
      const values: readonly unknown[] = isMap(node) ? node.items.map(({ value }) => value) : node.items;
      if (values.every(isScalar)) node.flow = true;
    },
  });
  const text = document.toString({ lineWidth: 0 });
  writeFileSync(join(crdFolder, name), `# ${origin}; Apache License 2.0, see README.md\n${text}`);
  process.stdout.write(`✔ ${name}\n`);
}

const strimziFolder = process.argv[2];
if (strimziFolder !== undefined) {
  for (const file of readdirSync(strimziFolder))
    writeDefinition(
      readDefinition(join(strimziFolder, file)),
      'io.strimzi:api 0.49.1, made by strimzi/GenerateSchemas.java',
    );
}
const go = await ensureGo({ onProgress: (text) => process.stdout.write(`… ${text}\n`) });
const scratch = mkdtempSync(join(tmpdir(), 'dailydoco-crds-'));
try {
  for (const { module, files } of SOURCES) {
    const folder = await moduleFolder(go, module, scratch);
    for (const file of files) {
      const definition = readDefinition(join(folder, file));
      writeDefinition(definition, `${module} ${file}, trimmed`);
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
