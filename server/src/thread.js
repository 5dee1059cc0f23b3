// The first module of each thread, in plain JavaScript: a thread begins without the cache of compiled modules, and would
// take the types out of its sources itself, for which it needs 11 MB. Its program is its first argument.
import { enableCompileCache } from 'node:module'

enableCompileCache()
await import(process.argv[2])
