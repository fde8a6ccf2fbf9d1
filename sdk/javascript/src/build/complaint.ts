/** Something that the user can correct: what it is about, what is wrong, and the remedy. */
export class Complaint extends Error {
  constructor(
    about: string,
    reason: string,
    readonly help: string,
  ) {
    super(`${about}: ${reason}`);
  }
}
