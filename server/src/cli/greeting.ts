import type { FirstStart } from './first-start.ts'

/** What the first start tells, once: how to get in, and two lines to paste into a shell. */
export function greeting(first: FirstStart, url: string, model: string | undefined): string {
  const { username, password, token } = first
  const secrets = [
    ...(password === undefined ? [] : [`  Password      ${password}`]),
    ...(token === undefined ? [] : [`  Access token  ${token}`]),
  ]
  const shown = secrets.length === 0 ? '' : ' Shown once: keep them now.'
  return [
    '',
    `Turnpike made its administrator, the account ${username}.${shown}`,
    ...secrets,
    '',
    `Sign in to the console: ${url}/console/`,
    '',
    `Create an API key with 500000 units (1 US dollar)${model === undefined ? '' : ', then call a model with it'}:`,
    '',
    createKeyLine(url, token ?? '$TURNPIKE_ADMIN_TOKEN'),
    '',
    ...(model === undefined ? noModel(url) : [callModelLine(url, model)]),
    '',
  ].join('\n')
}

/** A line for sh that creates a key and leaves its value in `KEY`. Double quotes, so that a variable may stand in it. */
function createKeyLine(url: string, token: string): string {
  const body = `{"name":"first key","remain_quota":500000}`
  const headers = `-H "Authorization: ${token}" -H 'Content-Type: application/json' -H 'Prefer: return=representation'`
  const pick = `sed 's/.*"key":"\\([^"]*\\)".*/\\1/'`
  return `KEY=$(curl -sS ${url}/api/token/ ${headers} -d '${body}' | ${pick}); echo "$KEY"`
}

/** A provider that can't be reached is no reason not to start, but a call that must fail is no good beginning. */
function noModel(url: string): string[] {
  return [
    'No model can be called yet: the provider named none that has a price (the log tells if it could not be asked).',
    'Mend its channel with PUT /api/channel/{id}, or give its models a price. This lists what can be called:',
    '',
    `curl -sS ${url}/v1/models -H "Authorization: Bearer $KEY"`,
  ]
}

function callModelLine(url: string, model: string): string {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'Hello!' }] })
  return `curl -sS ${url}/v1/chat/completions -H "Authorization: Bearer $KEY" -H 'Content-Type: application/json' -d '${body}'`
}
