#!/usr/bin/env node
import './this-node.js'

await import('./src/cli/turnpike.ts')
