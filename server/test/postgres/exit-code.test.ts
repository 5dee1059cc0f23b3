import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, it } from 'vitest'

const TOOL = new URL('../tools/postgres-server.ts', import.meta.url).href

async function endOf(script: string): Promise<unknown> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'inherit' })
  const [code] = await once(child, 'exit')
  return code
}

it.each([0, 1, 3])(
  'a process that had a PostgreSQL of its own ends with its own code: %i',
  async (code) => {
    const used = `const { startPostgresServer } = await import(${JSON.stringify(TOOL)})
    const server = await startPostgresServer({})
    await server.stop()`
    expect(await endOf(`${used}\nprocess.exitCode = ${code}`)).toBe(code)
  },
)
