import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { extname, join, relative, sep } from 'node:path'

/** One file of the built console, in every encoding that the build made. */
export interface ConsoleFile {
  readonly type: string
  /** Names its content; one for all encodings. */
  readonly tag: string
  readonly plain: Buffer
  readonly br: Buffer | undefined
  readonly gzip: Buffer | undefined
}

/** By path below `/console/`, with slashes. What is not in here is not served, so no path can lead anywhere else. */
export type ConsoleFiles = ReadonlyMap<string, ConsoleFile>

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
}
const COMPRESSED = new Set(['.br', '.gz'])

/**
 * Gives the files of the folder, read once and again after each build. They are kept in memory: an installation that
 * is upgraded in place goes on serving files that belong together until the new page is there. `undefined` while
 * nothing is built.
 */
export function createConsoleFiles(folder: string): () => Promise<ConsoleFiles | undefined> {
  let read: { readonly builtAt: number; readonly files: Promise<ConsoleFiles> } | undefined
  return async () => {
    const builtAt = await stat(join(folder, 'index.html')).then(
      ({ mtimeMs }) => mtimeMs,
      () => undefined,
    )
    if (builtAt === undefined) return undefined
    if (read?.builtAt !== builtAt) read = { builtAt, files: readFiles(folder) }
    return read.files
  }
}

async function readFiles(folder: string): Promise<ConsoleFiles> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = entries
    .filter((entry) => entry.isFile() && !COMPRESSED.has(extname(entry.name)))
    .map((entry) => join(entry.parentPath, entry.name))
  const files = await Promise.all(paths.map(readOne))
  const name = (path: string) => relative(folder, path).split(sep).join('/')
  return new Map(files.map((file, at) => [name(paths[at] ?? ''), file]))
}

async function readOne(path: string): Promise<ConsoleFile> {
  const ifThere = (end: string) => readFile(path + end).catch(() => undefined)
  const [plain, br, gzip] = await Promise.all([readFile(path), ifThere('.br'), ifThere('.gz')])
  const tag = createHash('sha256').update(plain).digest('base64url').slice(0, 22)
  return { type: TYPES[extname(path)] ?? 'application/octet-stream', tag, plain, br, gzip }
}
