import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Pair {
  readonly cert: string;
  readonly key: string;
}

/** Paths of a certificate, its key, and the authorities that its holder believes, all in PEM. */
export interface IssuedFiles {
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;
}

/** A certificate authority of a spec, made by openssl; all that it makes is gone with `close`. */
export class Authority {
  readonly #folder = mkdtempSync(join(tmpdir(), 'dailydoco-authority-'));
  readonly #own: Pair;
  #issued = 0;

  constructor(name: string) {
    this.#own = this.#paths('authority');
    openssl(
      [
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-nodes',
        '-days',
        '2',
        '-subj',
        `/CN=${name}`,
      ],
      ['-keyout', this.#own.key, '-out', this.#own.cert],
    );
  }

  get certFile(): string {
    return this.#own.cert;
  }

  /** A certificate for these DNS names, and who its holder believes: this authority, unless told. */
  issue(names: readonly string[], believed: Authority = this): IssuedFiles {
    this.#issued += 1;
    const { cert, key } = this.#paths(`leaf-${this.#issued}`);
    const request = join(this.#folder, `leaf-${this.#issued}.csr`);
    openssl(
      ['req', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=localhost'],
      ['-keyout', key, '-out', request],
    );
    const extensions = join(this.#folder, `leaf-${this.#issued}.ext`);
    writeFileSync(
      extensions,
      names.length === 0 ? '' : `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`,
    );
    openssl(
      ['x509', '-req', '-in', request, '-days', '1', '-CA', this.#own.cert, '-CAkey', this.#own.key, '-CAcreateserial'],
      ['-extfile', extensions, '-out', cert],
    );
    return { certFile: cert, keyFile: key, caFile: believed.certFile };
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #paths(name: string): Pair {
    return { cert: join(this.#folder, `${name}.crt`), key: join(this.#folder, `${name}.key`) };
  }
}

/** Files that are exchanged all at once, as Kubernetes does it with a mounted secret: by a link to a folder. */
export class MountedSecret {
  readonly #folder = mkdtempSync(join(tmpdir(), 'dailydoco-secret-'));
  #version = 0;

  get files(): IssuedFiles {
    const at = (name: string): string => join(this.#folder, 'current', name);
    return { certFile: at('tls.crt'), keyFile: at('tls.key'), caFile: at('ca.crt') };
  }

  write(texts: { readonly cert: string | Buffer; readonly key: string | Buffer; readonly ca: string | Buffer }): void {
    this.#version += 1;
    const version = join(this.#folder, `v${this.#version}`);
    mkdirSync(version);
    writeFileSync(join(version, 'tls.crt'), texts.cert);
    writeFileSync(join(version, 'tls.key'), texts.key);
    writeFileSync(join(version, 'ca.crt'), texts.ca);
    symlinkSync(version, join(this.#folder, 'next'));
    renameSync(join(this.#folder, 'next'), join(this.#folder, 'current'));
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function openssl(...args: readonly string[][]): void {
  execFileSync('openssl', args.flat(), { stdio: 'pipe' });
}
