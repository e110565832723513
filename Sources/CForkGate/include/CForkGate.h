// A fork waits while threads run Swift code that may take locks of the Swift runtime.
//
// The runtime makes types and looks up conformances when they are first used, and holds locks meanwhile. The child of a
// fork has only the thread that forked: a lock held by another thread would stay locked there, and the first use of the
// same type would wait forever. So calls of the engine enter this gate, and leave it while they compute or wait.
#ifndef CFORKGATE_H
#define CFORKGATE_H

/// Enters; calls nest. If a fork is under way, first waits until it is over.
void fork_gate_enter(void);
void fork_gate_leave(void);

/// Leaves however often this thread has entered; for work that takes long and takes no lock, and for waiting.
/// Returns what `fork_gate_step_in` needs to restore that.
int fork_gate_step_out(void);
void fork_gate_step_in(int depth);

/// Sets the one function that is called in the child of each fork.
void fork_gate_set_child_handler(void (*_Nonnull handler)(void));

#endif
