/**
 * Which channels a call was sent to, where that is not told by its other columns. The settling function has two parameters
 * more; the former one stays for nodes that still run.
 */
export const attempts = `
alter table usage add column attempt_list text collate "C";
`
