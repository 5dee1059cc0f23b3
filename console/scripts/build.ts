/** Builds the console into console/dist, with a compressed copy of each file beside it. Says nothing when all is well. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'
import { build } from 'vite'

const CONSOLE = join(import.meta.dirname, '..')
/** Smaller ones fit into a packet anyway. */
const LEAST_BYTES = 1024
/** Images are compressed already. */
const COMPRESSIBLE = new Set(['.js', '.css', '.svg', '.json'])

// Whoever starts this may be a test: without it React would be built with all that finds mistakes, at twice the size.
process.env.NODE_ENV = 'production'
await build({ configFile: join(CONSOLE, 'vite.config.ts'), logLevel: 'warn' })
const dist = join(CONSOLE, 'dist')
const paths = readdirSync(dist, { recursive: true, encoding: 'utf8' })
  .map((path) => join(dist, path))
  .filter((path) => COMPRESSIBLE.has(extname(path)) && statSync(path).size >= LEAST_BYTES)
await Promise.all(paths.map(compress))

async function compress(path: string): Promise<void> {
  const text = readFileSync(path)
  const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY }
  const [small, wide] = await Promise.all([
    promisify(brotliCompress)(text, { params }),
    promisify(gzip)(text, { level: constants.Z_BEST_COMPRESSION }),
  ])
  writeFileSync(`${path}.br`, small)
  writeFileSync(`${path}.gz`, wide)
}
