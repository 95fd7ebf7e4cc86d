/** ISO week key, `2026-W47`: the ISO week-numbering year and the week, 01 to 53. */
export const weekKeyPattern = /^\d{4}-W(0[1-9]|[1-4]\d|5[0-3])$/;
