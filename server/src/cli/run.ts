import { parseArgs } from 'node:util'
import { programVersion } from './program.ts'
import { StartError } from './start-error.ts'
import { DONE, FAILED, NOT_UNDERSTOOD, type Terminal } from './terminal.ts'

/** What was typed behind a command's name. */
export interface Typed {
  readonly words: readonly string[]
  readonly options: Readonly<Record<string, string | undefined>>
}

interface Command {
  /** Words that may follow the name, for the count and the help. */
  readonly words: readonly string[]
  readonly options: readonly string[]
  readonly says: string
  run(terminal: Terminal, typed: Typed): Promise<number>
}

/** Each command is loaded when it is run: `--version` need not wait for the gateway. */
const COMMANDS: Readonly<Record<string, Command>> = {
  start: {
    words: [],
    options: [],
    says: 'runs the gateway (`npm start` does the same)',
    run: async (terminal) => (await import('./start.ts')).start(terminal),
  },
  doctor: {
    words: [],
    options: ['data'],
    says: 'recomputes all balances from the books; also while a gateway runs',
    run: async (terminal, typed) => (await import('./doctor.ts')).doctor(terminal, typed),
  },
  backup: {
    words: ['<file>'],
    options: ['data'],
    says: 'copies the database, also while a gateway runs, and examines the copy',
    run: async (terminal, typed) => (await import('./backup.ts')).backup(terminal, typed),
  },
  migrate: {
    words: [],
    options: ['from', 'to'],
    says: 'moves an installation from SQLite to PostgreSQL; only while no gateway runs on either',
    run: async (terminal, typed) => (await import('./migrate.ts')).migrate(terminal, typed),
  },
  'tokens create': {
    words: [],
    options: ['account', 'name', 'scopes', 'expires', 'data'],
    says: 'makes a personal access token and prints it once',
    run: async (terminal, typed) => (await import('./tokens.ts')).createToken(terminal, typed),
  },
  'prices update': {
    words: [],
    options: ['file', 'data'],
    says: 'fetches the newest published prices, or takes those of --file; nothing else ever does',
    run: async (terminal, typed) => (await import('./prices.ts')).updatePrices(terminal, typed),
  },
  'prices reset': {
    words: [],
    options: ['data'],
    says: 'the prices that came with the program count again',
    run: async (terminal, typed) => (await import('./prices.ts')).resetPrices(terminal, typed),
  },
  'secret rotate': {
    words: [],
    options: ['data'],
    says: 'replaces the root secret and encrypts everything anew; only while no gateway runs',
    run: async (terminal, typed) => (await import('./secret.ts')).rotateSecret(terminal, typed),
  },
}

const HELP = `Usage: turnpike <command>

${Object.entries(COMMANDS)
  .map(([name, { words, says }]) => `  ${[name, ...words].join(' ').padEnd(16)} ${says}`)
  .join('\n')}
  help             shows this
  --version        shows the version

  --data <folder>  the data folder; otherwise the PostgreSQL database of DATABASE_URL (not for backup, which is
                   pg_dump's there), otherwise TURNPIKE_DATA, otherwise ./data
  migrate          --from sqlite:<data folder or file>  --to postgres://... (DATABASE_URL)
  tokens create    --account <name> (admin)  --name <text>  --scopes <a,b>  --expires <30d or a date>
  prices update    --file <prices as JSON>
                   Both talk to a running gateway when TURNPIKE_URL and TURNPIKE_TOKEN say where and as whom.

The environment is described in docs/settings.md.`

/** Runs one command; resolves with the exit code. Never rejects. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  const [first = 'help', second = ''] = args
  if (first === 'help' || first === '--help' || first === '-h') {
    terminal.say(HELP)
    return DONE
  }
  if (first === '--version' || first === '-v') {
    terminal.say(programVersion())
    return DONE
  }
  const name = commandCalled(first) === undefined ? `${first} ${second}`.trim() : first
  const command = commandCalled(name)
  if (command === undefined) {
    terminal.complain(`There is no command "${name}".\n\n${HELP}`)
    return NOT_UNDERSTOOD
  }
  const typed = read(command, args.slice(name.split(' ').length))
  if (typeof typed === 'string') {
    terminal.complain(`turnpike ${name}: ${typed}\n\n${HELP}`)
    return NOT_UNDERSTOOD
  }
  try {
    return await command.run(terminal, typed)
  } catch (error) {
    terminal.complain(explain(error))
    return FAILED
  }
}

/** Only our own: every object also has a `constructor`. */
const commandCalled = (name: string): Command | undefined =>
  Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined

/** The words and options, or what is wrong with them. */
function read(command: Command, args: readonly string[]): Typed | string {
  const options = Object.fromEntries(
    command.options.map((name) => [name, { type: 'string' as const }]),
  )
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      strict: true,
    })
    if (positionals.length > command.words.length) {
      return `"${positionals[command.words.length]}" is one word too many.`
    }
    if (positionals.length < command.words.length) {
      return `${command.words[positionals.length]} is missing.`
    }
    return { words: positionals, options: values }
  } catch (error) {
    if (error instanceof TypeError) return error.message
    throw error
  }
}

/** Failures that are somebody's to mend are told in a sentence, ours with their stack. */
const MENDABLE = new Set([
  'ConfigError',
  'NewerSchema',
  'CannotOpen',
  'OwnedElsewhere',
  'StorageUnavailable',
])

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const mendable = error instanceof StartError || MENDABLE.has(error.name)
  return mendable ? error.message : (error.stack ?? error.message)
}
