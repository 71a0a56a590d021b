// Texts that someone else has written.

/** Without marks that turn the direction of text: a name with one would turn what stands beside it, too. */
export const inert = (text: string): string => text.replace(/[\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
