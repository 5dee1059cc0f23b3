import './this-node.js'

await import('./src/main.ts')
