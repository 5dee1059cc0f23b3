/** Ways to make the database, its nodes or their ways to it worse than they are, to see that somebody notices. */
export const weaknesses = {
  epoch: 'a late statement of an ended epoch is applied',
  'epoch again': "an epoch's number is given again after a failover",
  'former epochs': 'a node that goes on under a new epoch leaves its former ones to themselves',
  seq: 'a repeated call is applied twice',
  dedupe: 'a late settlement that was written before is written again',
  late: 'what was held under an ended epoch is charged to what the present one holds',
  'at most': 'a call that cost more than it holds is charged to what others hold',
  durable: 'a settlement is answered that is not durable',
  'given up': 'a settlement is given up now and then, and its caller is told so',
  fence: 'a node reserves although others may take it for dead',
  'wall clock': 'the fence does not ask the wall clock, though the other one stood still',
  'monotonic clock': 'the fence asks the wall clock alone, though it was set back',
  'living reaped': 'an epoch is ended although its lanes have moved on',
  'dead kept': 'nobody returns what dead nodes hold',
  'idle kept': 'what nobody uses is not given back',
  refused:
    'a call that waits is refused now and then in times of trouble, though its units are there',
  recall: 'nobody hears that units are wanted which he does not use',
  'time-out': 'an answer that does not come is waited for without end',
  feed: 'nobody hears that management changed a balance',
  poll: 'nobody looks for changes whose notifications were lost',
  behind: 'nobody hears that a failover has lost changes',
  confiscation: 'what management takes of a hold stays in it',
  'no tombstone': 'a key is deleted with its balance, while calls of it run',
  'cached budget': "a period is opened with what a node's cache says of the budget",
  'running budget': 'an update of a budget leaves the periods that run alone',
  'no refund': 'a call whose client was told of a failure is not given back',
  'refund again': 'a refund that is sent again is given again',
  'lost charge': 'a charge that a failover has lost is given back',
} as const

export type Weakness = keyof typeof weaknesses
