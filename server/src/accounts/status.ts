/** What `status` of an account means on the wire and in the table. */
export const ACTIVE = 1
export const SUSPENDED = 2
