/**
 * `npm run agents [-- --folder F]`: the coding agents that people run - Claude Code, Codex, Gemini CLI, as npm has them
 * now - against providers of every dialect. Each is told to run a command by its own tool, over the gateway, and must
 * report what came of it. Prints a table; ends with code 1 when one did not, or when a call of theirs failed.
 *
 * They weigh 700 MB, so they are neither dependencies nor in `npm test`; `--folder` keeps them for the next time.
 */
import { execFile, execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { managing, startGateway } from '../bench/gateway.ts'
import type { DialectName } from '../server/src/dialects/dialect.ts'
import { PROVIDERS } from '../server/test/dialects/speakers.ts'
import { type Script, startUpstream } from '../server/test/tools/upstream.ts'

/** What only the shell that ran it can say: the words of the command are others. */
const COMMAND = 'printf turnpike-%d 42'
const RESULT = 'turnpike-42'
const FINAL = 'The word came back.'
const PROMPT = 'Run the command.'
const DEADLINE_MS = 120_000

interface Agent {
  readonly name: string
  readonly from: string
  /** What its tool that runs commands wants. */
  readonly tool: { readonly name: string; readonly input: object }
  /** Further packages and steps; settings go into the home that it will have. */
  prepare?(home: string, url: string): void
  environment(url: string, key: string): Readonly<Record<string, string>>
  command(model: string): readonly string[]
}

const { values } = parseArgs({ options: { folder: { type: 'string' } } })
const folder = resolve(values.folder ?? mkdtempSync(join(tmpdir(), 'turnpike-agents-')))
const binary = (name: string) => join(folder, 'node_modules', '.bin', name)

const written = (home: string, path: string, text: string) => {
  mkdirSync(join(home, path, '..'), { recursive: true })
  writeFileSync(join(home, path), text)
}

const AGENTS: readonly Agent[] = [
  {
    name: 'Claude Code',
    from: '@anthropic-ai/claude-code',
    tool: { name: 'Bash', input: { command: COMMAND, description: 'Says a word.' } },
    // It takes the program out of the package of this platform.
    prepare: () =>
      void execFileSync(process.execPath, [
        join(folder, 'node_modules/@anthropic-ai/claude-code/install.cjs'),
      ]),
    environment: (url, key) => ({
      ...{ ANTHROPIC_BASE_URL: url, ANTHROPIC_AUTH_TOKEN: key, IS_SANDBOX: '1' },
      ...{ DISABLE_TELEMETRY: '1', DISABLE_AUTOUPDATER: '1' },
    }),
    command: (model) => [
      ...[binary('claude'), '-p', PROMPT, '--model', model, '--allowedTools', 'Bash'],
    ],
  },
  {
    name: 'Codex',
    from: '@openai/codex',
    tool: { name: 'exec_command', input: { cmd: COMMAND } },
    prepare: (home, url) => written(home, '.codex/config.toml', codexSettings(url)),
    environment: (_url, key) => ({ TURNPIKE_KEY: key }),
    command: (model) => [
      ...[binary('codex'), 'exec', '--skip-git-repo-check', '-m', model],
      ...['--dangerously-bypass-approvals-and-sandbox', PROMPT],
    ],
  },
  {
    name: 'Gemini CLI',
    from: '@google/gemini-cli',
    tool: { name: 'run_shell_command', input: { command: COMMAND, description: 'Says a word.' } },
    prepare: (home) =>
      written(
        home,
        '.gemini/settings.json',
        JSON.stringify({ security: { auth: { selectedType: 'gemini-api-key' } } }),
      ),
    environment: (url, key) => ({
      ...{ GEMINI_API_KEY: key, GOOGLE_GEMINI_BASE_URL: url, GEMINI_CLI_TRUST_WORKSPACE: 'true' },
    }),
    command: (model) => [binary('gemini'), '-m', model, '-p', PROMPT, '--yolo'],
  },
]

const codexSettings = (url: string) => `model_provider = "turnpike"
[model_providers.turnpike]
name = "Turnpike"
base_url = "${url}/v1"
env_key = "TURNPIKE_KEY"
wire_api = "responses"
`

/** Calls the tool, and ends when its result is there; what has no tools, such as a title, is a few words. */
function scripted(dialect: DialectName, tool: Agent['tool']): Script {
  const { script } = PROVIDERS[dialect]
  return (call, response) => {
    const speech = call.body.includes(RESULT)
      ? { texts: [FINAL] }
      : call.json?.tools === undefined
        ? { texts: ['Words'] }
        : { tool: { id: 'call_1', ...tool } }
    return script(speech)(call, response)
  }
}

const versionOf = (packageName: string): string =>
  JSON.parse(readFileSync(join(folder, 'node_modules', packageName, 'package.json'), 'utf8'))
    .version

interface Place {
  readonly home: string
  readonly url: string
  readonly key: string
}

/** Resolves with what it printed, also of one that failed. */
async function run(agent: Agent, model: string, { home, url, key }: Place): Promise<string> {
  const [program = '', ...words] = agent.command(model)
  const work = join(home, 'work')
  mkdirSync(work, { recursive: true })
  const running = promisify(execFile)(program, words, {
    ...{ cwd: work, timeout: DEADLINE_MS, maxBuffer: 1e8 },
    env: { PATH: process.env.PATH, HOME: home, ...agent.environment(url, key) },
  })
  // It would wait for more of the prompt.
  running.child.stdin?.end()
  const { stdout, stderr } = await running.catch((failure) => failure)
  return `${stdout}\n${stderr}`
}

mkdirSync(folder, { recursive: true })
const install = ['install', '--ignore-scripts', '--prefix', folder]
execFileSync('npm', [...install, ...AGENTS.map(({ from }) => from)], {
  stdio: ['ignore', 'ignore', 'inherit'],
})
const upstream = await startUpstream()
const adminToken = `tpat_${randomBytes(32).toString('base64url')}`
const home = mkdtempSync(join(tmpdir(), 'turnpike-agents-home-'))
const gateway = await startGateway({ folder: home, adminToken })
const manage = managing(gateway.url, adminToken)
const { key } = (await manage('POST', '/api/token/', {
  ...{ name: 'agents', unlimited_quota: true },
})) as unknown as { key: string }

/** Has it use a provider of that dialect. */
async function tryAgent(agent: Agent, dialect: DialectName): Promise<void> {
  const model = `${dialect}-for-${agent.name.toLowerCase().replace(' ', '-')}`
  upstream.on(model, scripted(dialect, agent.tool))
  await manage('POST', '/api/channel/', {
    ...{ name: model, keys: ['upstream-key'], models: [model], groups: ['default'] },
    ...{ free: true, ...PROVIDERS[dialect].channel(upstream.url) },
  })
  const said = await run(agent, model, { home, url: gateway.url, key })
  const outcome = said.includes(FINAL) ? 'ok    ' : 'FAILED'
  console.log(`${outcome} ${agent.name} ${versionOf(agent.from)} with a provider of ${dialect}`)
  if (said.includes(FINAL)) return
  process.exitCode = 1
  console.error(said)
}

try {
  for (const agent of AGENTS) {
    agent.prepare?.(home, gateway.url)
    for (const dialect of Object.keys(PROVIDERS) as DialectName[]) await tryAgent(agent, dialect)
  }
  const { items } = (await manage('GET', '/api/log/self?page_size=100')) as unknown as {
    items: readonly { model_name: string; status: number; error_code: string }[]
  }
  const failed = items.filter(({ status }) => status !== 200)
  if (failed.length > 0) process.exitCode = 1
  console.log(`${items.length} calls, ${failed.length} failed`, ...failed)
} finally {
  await gateway.stop()
  await upstream.close()
  rmSync(home, { recursive: true, force: true })
  if (values.folder === undefined) rmSync(folder, { recursive: true, force: true })
}
