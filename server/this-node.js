// Plain JavaScript that every Node reads, because an old one would only say that it does not know the extension .ts.
import * as module from 'node:module'

const LEAST_NODE = 24

if (Number.parseInt(process.versions.node, 10) < LEAST_NODE) {
  process.stderr.write(
    `Turnpike needs Node ${LEAST_NODE} or later, and this is Node ${process.versions.node}. Run \`npm install\` first: it brings its own, which \`npm start\` and \`npx turnpike\` then use.\n`,
  )
  process.exit(1)
}
// Before the first line of TypeScript: a module whose compiled copy is there starts faster, and what takes the types out
// of the others is 12 MB of memory in every thread that needs it once.
module.enableCompileCache()
