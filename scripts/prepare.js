// Plain JavaScript that every Node reads: npm runs it at the end of an installation, with whatever Node there is.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

function has(name) {
  try {
    createRequire(import.meta.url).resolve(`${name}/package.json`)
    return true
  } catch {
    return false
  }
}

if (Number.parseInt(process.versions.node, 10) < 24 || !has('vite')) {
  // Not a failure: the gateway runs without it, and /console says the same.
  process.stderr.write(
    'Turnpike: the web console was not built, because development packages are left out. Run `npm install --include=dev` once, or bring console/dist from where that was done.\n',
  )
} else {
  const { status } = spawnSync(process.execPath, ['console/scripts/build.ts'], {
    cwd: root,
    stdio: 'inherit',
  })
  process.exitCode = status ?? 1
}
