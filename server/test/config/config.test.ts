import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ConfigError, readConfig } from '../../src/config.ts'
import { VARIABLES } from '../../src/config-variables.ts'

const reading = { folder: '/srv', isAddress: (text: string) => /^[\d.]+(?:\/\d+)?$/.test(text) }
const read = (environment: Record<string, string>) => readConfig(environment, reading)

function mistakesOf(environment: Record<string, string>): readonly string[] {
  try {
    read(environment)
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes
    throw error
  }
  return []
}

describe('the environment', () => {
  it('may be empty: everything has a standard value', () => {
    expect(read({})).toEqual({
      host: '127.0.0.1',
      port: 3000,
      dataFolder: join('/srv', 'data'),
      databaseUrl: undefined,
      workers: 1,
      trustedProxies: [],
      privateUpstreams: 'allow',
      outwardProxies: undefined,
      secret: undefined,
      adminToken: undefined,
      adminPassword: undefined,
      providers: [],
      drainSeconds: 30,
      logLevel: 'info',
      signIn: { consoleUrl: undefined, mail: undefined, providers: [] },
    })
  })

  it('is read once, as it was given', () => {
    const token = `tpat_${'a'.repeat(43)}`
    const config = read({
      HOST: '0.0.0.0',
      PORT: '0',
      TURNPIKE_DATA: '/var/lib/turnpike',
      DATABASE_URL: 'postgres://ann:secret@db:5432/turnpike',
      TURNPIKE_SECRET: 's'.repeat(32),
      TURNPIKE_ADMIN_TOKEN: token,
      TURNPIKE_ADMIN_PASSWORD: 'a long password',
      TURNPIKE_TRUSTED_PROXIES: '10.0.0.0/8, 192.0.2.1',
      TURNPIKE_PRIVATE_UPSTREAMS: 'deny',
      OPENAI_API_KEY: 'sk-1',
      OPENAI_BASE_URL: 'https://models.example/v1',
      OPENAI_MODELS: 'a, b',
      GEMINI_API_KEY: 'AI',
      DRAIN_SECONDS: '5',
      LOG_LEVEL: 'warn',
    })
    expect(config).toMatchObject({
      host: '0.0.0.0',
      port: 0,
      dataFolder: '/var/lib/turnpike',
      databaseUrl: 'postgres://ann:secret@db:5432/turnpike',
      adminToken: token,
      trustedProxies: ['10.0.0.0/8', '192.0.2.1'],
      privateUpstreams: 'deny',
      providers: [
        {
          ...{ provider: 'openai', key: 'sk-1', baseUrl: 'https://models.example/v1' },
          models: ['a', 'b'],
        },
        { provider: 'gemini', key: 'AI', baseUrl: undefined, models: [] },
      ],
      drainSeconds: 5,
      logLevel: 'warn',
    })
    expect(Object.isFrozen(config)).toBe(true)
  })

  it('counts empty variables as not set', () => {
    const empty = Object.fromEntries(Object.keys(VARIABLES).map((name) => [name, ' ']))
    expect(read(empty)).toEqual(read({}))
  })

  it('is refused with every mistake at once, and without quoting a secret', () => {
    const mistakes = mistakesOf({
      PORT: '70000',
      TURNPIKE_SECRET: 'short-secret',
      TURNPIKE_ADMIN_TOKEN: 'my-own-token',
      TURNPIKE_ADMIN_PASSWORD: 'pass-word',
      TURNPIKE_TRUSTED_PROXIES: '10.0.0.0/8,nginx',
      TURNPIKE_PRIVATE_UPSTREAMS: 'no',
      OPENAI_BASE_URL: 'ftp://models.example',
      DRAIN_SECONDS: '-1',
      LOG_LEVEL: 'loud',
    })
    const names = mistakes.map((mistake) => mistake.slice(0, mistake.indexOf(':')))
    expect(new Set(names)).toEqual(
      new Set([
        'PORT',
        'TURNPIKE_SECRET',
        'TURNPIKE_ADMIN_TOKEN',
        'TURNPIKE_ADMIN_PASSWORD',
        'TURNPIKE_TRUSTED_PROXIES',
        'TURNPIKE_PRIVATE_UPSTREAMS',
        'OPENAI_BASE_URL',
        'DRAIN_SECONDS',
        'LOG_LEVEL',
      ]),
    )
    for (const secret of ['short-secret', 'my-own-token', 'pass-word']) {
      expect(mistakes.join('\n')).not.toContain(secret)
    }
  })

  it.each([
    [{ DATABASE_URL: 'mysql://db/turnpike' }, /must look like postgres:/],
    [{ DATABASE_URL: 'postgres://ann:pa/ss@db' }, /must look like|names no database/],
    [{ DATABASE_URL: 'postgres://db' }, /names no database/],
    [{ TURNPIKE_WORKERS: '4' }, /share PostgreSQL/],
    [{ ANTHROPIC_BASE_URL: 'https://a.example' }, /nothing without ANTHROPIC_API_KEY/],
    [{ HTTPS_PROXY: 'proxy:3128' }, /begins with http/],
    [{ http_proxy: 'socks5://proxy' }, /HTTP_PROXY: must be a URL/],
    [{ HTTPS_PROXY: 'http://a:%zz@proxy' }, /must be a URL/],
    [{ OPENAI_MODELS: 'a' }, /nothing without OPENAI_API_KEY/],
  ])('refuses %j instead of ignoring it', (environment, says) => {
    expect(mistakesOf(environment as Record<string, string>).join()).toMatch(says)
  })

  it('never says the password of a database, also when it can’t be read', () => {
    for (const url of ['mysql://ann:hunter2@db/x', 'postgres://ann:hunter2@', 'hunter2']) {
      const [mistake] = mistakesOf({ DATABASE_URL: url })
      expect(mistake).toMatch(/DATABASE_URL/)
      expect(mistake).not.toContain('hunter2')
    }
  })

  it('takes proxies as others do: the name in lower case first, each for its own kind of URL', () => {
    const given = {
      HTTPS_PROXY: 'http://a:b@proxy:3128',
      https_proxy: 'http://other:1',
      NO_PROXY: '*',
    }
    expect(read(given).outwardProxies).toEqual({ http: '', https: 'http://other:1', except: '*' })
    expect(read({ NO_PROXY: 'models.example' }).outwardProxies).toBeUndefined()
  })

  it('lets several workers share PostgreSQL, and leaves SQLite to one', () => {
    expect(mistakesOf({ TURNPIKE_WORKERS: '1' })).toEqual([])
    const database = { DATABASE_URL: 'postgres://ann@db/turnpike' }
    expect(mistakesOf({ ...database, TURNPIKE_WORKERS: '4' })).toEqual([])
    expect(mistakesOf({ ...database, TURNPIKE_WORKERS: 'auto' })).toEqual([])
    expect(mistakesOf({ ...database, TURNPIKE_WORKERS: 'many' })).toHaveLength(1)
  })
})
