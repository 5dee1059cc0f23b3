/** Each variable and what it does, in the order of the docs: `docs/settings.md` is generated from this. */
export const VARIABLES = {
  HOST: ['127.0.0.1', 'Address to listen on. `0.0.0.0` or `::` opens the gateway to the network.'],
  PORT: ['3000', 'Port to listen on.'],
  TURNPIKE_DATA: [
    './data',
    'Folder of the database, the secret and the lock. With DATABASE_URL and TURNPIKE_SECRET there is none.',
  ],
  TURNPIKE_SECRET: [
    'a file',
    'Root secret, at least 32 characters. Without it, the file `secret` in the data folder is created at first start.',
  ],
  TURNPIKE_ADMIN_TOKEN: [
    'made and printed',
    "The administrator's access token at first start: `tpat_` and 43 letters, digits, `-` or `_`.",
  ],
  TURNPIKE_ADMIN_PASSWORD: [
    'made and printed',
    "The administrator's password at first start, at least 12 characters.",
  ],
  OPENAI_API_KEY: ['', 'Makes a channel of type `openai` at first start.'],
  OPENAI_BASE_URL: [
    'https://api.openai.com/v1',
    'Base URL of that channel; makes its type `openai-compatible`.',
  ],
  OPENAI_MODELS: [
    '',
    'Comma-separated model ids of that channel. Without it, the provider is asked.',
  ],
  ANTHROPIC_API_KEY: ['', 'Makes a channel of type `anthropic` at first start.'],
  ANTHROPIC_BASE_URL: ['https://api.anthropic.com', 'Base URL of that channel.'],
  ANTHROPIC_MODELS: ['', 'Comma-separated model ids of that channel.'],
  GEMINI_API_KEY: ['', 'Makes a channel of type `gemini` at first start.'],
  GEMINI_BASE_URL: ['https://generativelanguage.googleapis.com', 'Base URL of that channel.'],
  GEMINI_MODELS: ['', 'Comma-separated model ids of that channel.'],
  TURNPIKE_TRUSTED_PROXIES: [
    '',
    'Comma-separated addresses and CIDRs of proxies whose `X-Forwarded-For` is believed.',
  ],
  TURNPIKE_PRIVATE_UPSTREAMS: [
    'allow',
    '`deny` forbids channels that point to loopback and private networks. Link-local and metadata addresses are always forbidden.',
  ],
  HTTPS_PROXY: [
    '',
    'Proxy for providers with https:// URLs, as `http://user:password@host:port`. The name in lower case counts first, here and below.',
  ],
  HTTP_PROXY: ['', 'Proxy for providers with http:// URLs.'],
  NO_PROXY: [
    '',
    'Comma-separated hosts that are reached without a proxy, each with all that end in it: `example.com`, `127.0.0.1:8000`, `*`.',
  ],
  DRAIN_SECONDS: ['30', 'How long a stopping gateway waits for running calls before it cuts them.'],
  LOG_LEVEL: ['info', '`trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`.'],
  DATABASE_URL: [
    '',
    '`postgres://user:password@host:5432/database`: everything is stored in PostgreSQL 15 or newer, which many nodes may share. Without it, in SQLite in the data folder.',
  ],
  TURNPIKE_WORKERS: [
    '1',
    'Processes that share the port, each with one core: a number, or `auto` for as many as there are cores. More than one need PostgreSQL.',
  ],
  TURNPIKE_CONSOLE_URL: [
    '',
    'Where people open the console, such as `https://gateway.example`. Links in e-mail lead there; behind a proxy that is not trusted, sign-in needs it.',
  ],
  SMTP_URL: [
    '',
    '`smtp://user:password@host:587` (or `smtps://`): the gateway sends links for new passwords. Needs SMTP_FROM and TURNPIKE_CONSOLE_URL.',
  ],
  SMTP_FROM: ['', 'Sender of these messages, such as `Turnpike <gateway@example.com>`.'],
  GITHUB_CLIENT_ID: [
    '',
    'People may sign in by GitHub. Register `<console>/api/auth/callback/github` there.',
  ],
  GITHUB_CLIENT_SECRET: ['', 'Goes with it.'],
  GOOGLE_CLIENT_ID: [
    '',
    'People may sign in by Google. Register `<console>/api/auth/callback/google` there.',
  ],
  GOOGLE_CLIENT_SECRET: ['', 'Goes with it.'],
  OIDC_ISSUER: [
    '',
    'People may sign in by this OpenID Connect provider. Register `<console>/api/auth/callback/oidc` there.',
  ],
  OIDC_CLIENT_ID: ['', 'Goes with it.'],
  OIDC_CLIENT_SECRET: ['', 'Goes with it.'],
} as const satisfies Record<string, readonly [standard: string, explanation: string]>
