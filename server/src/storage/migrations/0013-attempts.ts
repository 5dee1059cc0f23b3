/** Which channels a call was sent to, where that is not told by its other columns. */
export const attempts = 'alter table usage add column attempt_list text;'
