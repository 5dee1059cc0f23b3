import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Refused } from '../../src/errors.ts'
import { createRunningCalls, type RunningCall } from '../../src/relay/running.ts'
import type { Candidates } from '../../src/relay/values.ts'

const granted = (id: number) =>
  ({ key: { id }, offers: [{ group: 'default', model: 'm' }] }) as unknown as Candidates

it('knows exactly the calls that have begun and not ended, in whatever order they end', () => {
  const step = fc.tuple(
    fc.constantFrom('begin', 'end', 'end twice'),
    fc.nat(20),
    fc.integer({ min: 1, max: 3 }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
      const calls = createRunningCalls()
      const running: RunningCall[] = []
      for (const [kind, which, id] of steps) {
        if (kind === 'begin') running.push(calls.begin(granted(id)))
        else {
          const [call] = running.splice(which, 1)
          if (call !== undefined) calls.end(call)
          if (call !== undefined && kind === 'end twice') calls.end(call)
        }
        expect(new Set(calls.of(() => true))).toEqual(new Set(running))
        expect(calls.of((key) => key.id === id).length).toBe(
          running.filter(({ key }) => key.id === id).length,
        )
      }
    }),
  )
})

it('cuts a call once, for the first reason, and tells whoever serves it then', () => {
  const calls = createRunningCalls()
  const call = calls.begin(granted(1))
  const heard: string[] = []
  call.onCut(() => heard.push('the former'))
  call.onCut(({ code }) => heard.push(code))
  call.cut(new Refused('key_disabled'))
  call.cut(new Refused('key_unknown'))
  expect(heard).toEqual(['key_disabled'])
  expect(call.refusal?.code).toBe('key_disabled')
})
