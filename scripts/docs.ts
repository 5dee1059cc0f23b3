/**
 * Writes the pages of docs/ that are made from code: errors.md from the catalogue of refusals, settings.md from the
 * environment's reader and the settings' catalogue. With `--check` it writes nothing and fails when a page is old.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { VARIABLES } from '../server/src/config.ts'
import { refusals } from '../server/src/errors.ts'
import { type Setting, settings } from '../server/src/settings/catalogue.ts'

const MADE = '<!-- Made by scripts/docs.ts. Change the code it is made from, then run it. -->\n'
const folder = join(import.meta.dirname, '..', 'docs')
const check = process.argv.includes('--check')
const pages: Readonly<Record<string, string>> = {
  'errors.md': errorsPage(),
  'settings.md': settingsPage(),
}
for (const [name, text] of Object.entries(pages)) {
  const path = join(folder, name)
  if (!check) {
    writeFileSync(path, text)
    continue
  }
  if (present(path) === text) continue
  console.error(`docs/${name} is not what the code says: run \`node scripts/docs.ts\`.`)
  process.exitCode = 1
}

function present(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function errorsPage(): string {
  const rows = Object.entries(refusals).map(([code, [status, says, todo]]) => ({
    code: `\`${code}\``,
    status,
    says,
    todo,
  }))
  const withStatus = rows
    .filter(({ status }) => status !== 200)
    .sort((a, b) => a.status - b.status || a.code.localeCompare(b.code))
  const inEnvelope = rows.filter(({ status }) => status === 200)
  return `${MADE}
# Errors

Every refusal has a stable code. It is in the header \`X-Error-Code\`, in \`error.code\` of model requests, and in \`code\`
of management answers. The sentence may say more than the one below; programs should look at the code.

Refused model requests that trying again can't cure carry \`x-should-retry: false\`; refusals with status 429 and 503
carry \`Retry-After\` where a time is known. Every answer has an \`X-Request-Id\`: name it when you report a problem.

## With a status of their own

${table(
  ['Status', 'Code', 'Says', 'What to do'],
  withStatus.map(({ status, code, says, todo }) => [String(status), code, says, todo]),
)}
## In the envelope of \`/api\`, with status 200

The management API answers failures of business and validation with status 200 and \`"success": false\`.

${table(
  ['Code', 'Says', 'What to do'],
  inEnvelope.map(({ code, says, todo }) => [code, says, todo]),
)}`
}

function settingsPage(): string {
  const catalogue: Readonly<Record<string, Setting>> = settings
  return `${MADE}
# Settings

## Environment

Read once, when the gateway starts. Mistakes are named all at once, and nothing is started. A variable that is set to
nothing counts as not set.

${table(
  ['Variable', 'Standard', 'What it does'],
  Object.entries(VARIABLES).map(([name, [standard, says]]) => [
    `\`${name}\``,
    standard === '' ? 'not set' : standard,
    says,
  ]),
)}
The command line tool also reads \`TURNPIKE_URL\` and \`TURNPIKE_TOKEN\`, to talk to a running gateway.

## Settings in the database

Changed with \`PUT /api/setting/\` by an administrator, followed at once unless said otherwise.

${table(
  ['Setting', 'Values', 'Standard', 'What it does'],
  Object.entries(catalogue).map(([name, setting]) => [
    `\`${name}\``,
    valuesOf(setting),
    `\`${setting.standard}\``,
    setting.says,
  ]),
)}`
}

function valuesOf(setting: Setting): string {
  switch (setting.type) {
    case 'integer':
      return `${setting.least} to ${setting.most}`
    case 'choice':
      return setting.choices.map((choice) => `\`${choice}\``).join(', ')
    case 'boolean':
      return '`true`, `false`'
  }
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('')
}
