/** Rate limits of accounts, as JSON; those of keys stand in `key.extra`. */
export const accountLimits = `
alter table account add column limits text collate "C";
`
