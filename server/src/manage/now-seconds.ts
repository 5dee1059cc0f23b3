import type { Rooms } from './rooms.ts'

/** Unix seconds. */
export const nowSeconds = ({ now }: Pick<Rooms, 'now'>): number => Math.floor(now() / 1000)
