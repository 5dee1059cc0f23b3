/**
 * Writes the pages of docs/ that are made from code: dialects.md from what becomes of features between dialects, errors.md from the catalogue of refusals, events.md from that of
 * events, settings.md from the environment's reader and the settings' catalogue. With `--check` it writes nothing and fails when a page is old.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { VARIABLES } from '../server/src/config-variables.ts'
import { refusals } from '../server/src/errors.ts'
import { type EventKind, events } from '../server/src/events/catalogue.ts'
import { exampleOf } from '../server/src/events/example.ts'
import { type Setting, settings } from '../server/src/settings/catalogue.ts'
import { dialectsPage } from './dialects-page.ts'

const MADE = '<!-- Made by scripts/docs.ts. Change the code it is made from, then run it. -->\n'
const folder = join(import.meta.dirname, '..', 'docs')
const check = process.argv.includes('--check')
const pages: Readonly<Record<string, string>> = {
  'dialects.md': dialectsPage(MADE, table),
  'errors.md': errorsPage(),
  'events.md': eventsPage(),
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

function eventsPage(): string {
  const catalogue: Readonly<Record<string, EventKind>> = events
  return `${MADE}
# Events

What happens is written to the log, and sent to every webhook that asks for it. Administrators make webhooks with
\`POST /api/webhook/\` \`{name, url, events?, status?}\`; without \`events\` they get all. The answer holds the secret,
\`whsec_...\`, once. \`POST /api/webhook/{id}/test\` sends a test event and says what the receiver answered,
\`GET /api/webhook/{id}/deliveries\` shows what was sent.

## What a receiver gets

A \`POST\` with a JSON body \`{id, type, created_at, data}\`, signed by [Standard Webhooks](https://www.standardwebhooks.com),
for which there are libraries in most languages:

| Header | Holds |
| --- | --- |
| \`webhook-id\` | The event's id, the same in every attempt. |
| \`webhook-timestamp\` | Unix seconds of this attempt. Refuse what is minutes old. |
| \`webhook-signature\` | \`v1,<base64 of HMAC-SHA256 over "id.timestamp.body">\`; two of them, with a blank between, for a day after \`POST /api/webhook/{id}/rotate\`. |

Answer with any 2xx within 10 seconds, and do the work afterwards. Everything else is tried again - after 5 s, 30 s, 2 min,
10 min, 30 min, 1 h, 2 h, 4 h, 6 h, 10 h, each up to a fifth longer -, then given up. Redirects are not followed.

Each event comes **at least once**: now and then one comes twice, so remember the ids of the last days. They may come out of
order. A webhook that does not answer delays no other; four messages are on their way to each at a time.

Addresses are judged when connecting, as for channels: link-local and metadata addresses never, private ones unless
\`TURNPIKE_PRIVATE_UPSTREAMS=deny\`.

Balances are looked at every two seconds, expiry every five: what was spent and topped up in between is not told.

## Events

${Object.entries(catalogue).map(eventSection).join('\n')}`
}

function eventSection([type, { says, level, data }]: [string, EventKind]): string {
  const required = new Set(data.required)
  const facts = Object.entries(data.properties).map(([name, schema]) => {
    const { description = '' } = schema as { readonly description?: string }
    return [`\`${name}\`${required.has(name) ? '' : ' (optional)'}`, description]
  })
  return `### \`${type}\`

${says} Log level: ${level}.

${table(['Fact', 'What it is'], facts)}
\`\`\`json
${exampleOf(type, data)}
\`\`\`
`
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
    `\`${setting.type === 'fallbacks' ? JSON.stringify(setting.standard) : setting.standard}\``,
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
    case 'fallbacks':
      return 'model ids, each with a list of others'
  }
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  return line(head) + line(head.map(() => '---')) + rows.map(line).join('')
}
