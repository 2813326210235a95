/* The log of stops, as the step primitive sees it; redrive_log_stops of step.h turns it on. */

/* The descriptor that lines go to, or -1. */
extern int redrive_stop_log;
void redrive_write_stop(const struct redrive_stop *stop);
