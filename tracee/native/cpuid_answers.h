/* The registers behind the cpuid that a task has stopped at, which are in the answers' kept ones too; NULL where it is at
 * none, or the answer is not known. */
const struct redrive_registers *redrive_answer_cpuid(const struct redrive_stop *stop, struct redrive_cpuid_answers *answers);
