/* Signals that are put aside, as the step primitive sees it; struct redrive_aside of step.h says what that is. */

/* Whether the task has gone on from a signal that is to be put aside. */
int redrive_put_aside(struct redrive_stop *stop);
