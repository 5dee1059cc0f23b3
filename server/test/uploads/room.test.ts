import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import type { Refused } from '../../src/errors.ts'
import { createUploads, type UploadsParts } from '../../src/uploads/uploads.ts'

const MIB = 2 ** 20
const folder = mkdtempSync(join(tmpdir(), 'turnpike-uploads-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const HEAD = '--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
const content = (bytes: number) => Buffer.alloc(bytes, 'abcdefg')
const formWith = (bytes: number) =>
  Buffer.concat([Buffer.from(HEAD), content(bytes), Buffer.from('\r\n--b--')])

/** Whoever sends a form, and waits where it is asked to. */
function sender(parts: Partial<UploadsParts> = {}) {
  const uploads = createUploads({ folder, mostBytes: () => 100 * MIB, ...parts })
  let wake = Promise.withResolvers<void>()
  let failure: unknown
  const upload = uploads.begin('b', {
    free: () => wake.resolve(),
    failed(error) {
      failure = error
      wake.resolve()
    },
  })
  let held = 0
  return {
    uploads,
    upload,
    held: () => held,
    failure: () => failure as Refused | undefined,
    async send(form: Buffer) {
      for (let at = 0; at < form.length && failure === undefined; at += 65_536) {
        wake = Promise.withResolvers()
        if (upload.add(form.subarray(at, at + 65_536))) continue
        held++
        await wake.promise
      }
    },
  }
}

async function read(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = []
  for await (const piece of body) pieces.push(piece)
  return Buffer.concat(pieces)
}

it('a form is held back while the disk has not taken it, and read as often as one likes', async () => {
  const { uploads, upload, send, held } = sender()
  const form = formWith(9 * MIB)
  await send(form)
  expect(held()).toBeGreaterThan(3)
  const whole = await upload.end()
  expect([whole.bytes, uploads.bytes()]).toEqual([form.length, form.length - whole.payload.length])
  const asIs = whole.edited([])
  expect(asIs.bytes).toBe(form.length)
  const edit = { start: 0, end: 3, text: '--other' }
  const [first, again, edited] = await Promise.all([
    ...[read(asIs), read(asIs), read(whole.edited([edit]))],
  ])
  expect(first?.equals(form) && again?.equals(form)).toBe(true)
  expect(edited?.equals(Buffer.concat([Buffer.from('--other'), form.subarray(3)]))).toBe(true)
  upload.release()
  upload.release()
  expect(uploads.bytes()).toBe(0)
  await expect(read(asIs)).rejects.toThrow('after its call is over')
})

it('a form that is released while it is read ends there, and others are not touched', async () => {
  const { uploads, upload, send } = sender()
  await send(formWith(4 * MIB))
  const reading = (await upload.end()).edited([])[Symbol.asyncIterator]()
  await reading.next()
  await reading.next()
  const midway = reading.next()
  upload.release()
  const other = sender()
  await other.send(formWith(2 * MIB))
  const whole = await other.upload.end()
  await Promise.allSettled([midway])
  await expect(reading.next()).rejects.toThrow('after its call is over')
  expect((await read(whole.edited([]))).equals(formWith(2 * MIB))).toBe(true)
  other.upload.release()
  expect([uploads.bytes(), other.uploads.bytes()]).toEqual([0, 0])
})

it('the room that charges need on the disk is left to them', async () => {
  let free = 200 * MIB
  const { uploads, upload, send, failure } = sender({
    freeBytes: async () => {
      free -= 50 * MIB
      return free
    },
  })
  await send(formWith(60 * MIB))
  expect(failure()?.code).toBe('uploads_full')
  expect(failure()?.detail).toBe(`${100 * MIB} bytes are free on the disk of ${folder}`)
  expect(uploads.bytes()).toBeLessThan(10 * MIB)
  await expect(upload.end()).rejects.toBe(failure())
  upload.release()
  expect(uploads.bytes()).toBe(0)
})

it('a folder that can not be written to is told of in the log, and nothing is lost of what is free', async () => {
  const parts = { folder: join(folder, 'a') }
  writeFileSync(join(folder, 'a'), '')
  expect(() => sender(parts)).toThrow('ENOTDIR')
  rmSync(join(folder, 'a'))
  const gone = mkdtempSync(join(tmpdir(), 'turnpike-uploads-'))
  const { upload, send, failure, uploads } = sender({ folder: gone })
  rmSync(gone, { recursive: true })
  await send(formWith(20 * MIB))
  await upload.end().catch(() => undefined)
  expect([failure()?.code, failure()?.detail]).toEqual([
    'uploads_full',
    expect.stringContaining('ENOENT'),
  ])
  upload.release()
  expect(uploads.bytes()).toBe(0)
})

it('what a process that was killed has left is removed at the next start, and nothing else', async () => {
  writeFileSync(join(folder, 'turnpike-upload-0123'), 'left')
  writeFileSync(join(folder, 'turnpike.sqlite'), 'kept')
  const running = sender()
  await running.send(formWith(2 * MIB))
  const whole = await running.upload.end()
  expect(readdirSync(folder)).toEqual(['turnpike.sqlite'])
  createUploads({ folder, mostBytes: () => MIB })
  // Nor what another process of the same folder is about.
  expect((await read(whole.edited([]))).length).toBe(whole.bytes)
  running.upload.release()
})
