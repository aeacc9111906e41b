/**
 * Loaded by `with-node-24.mjs` into the program it starts: ends that program when the launcher is told to end or is gone.
 *
 * A signal may reach the program twice, from the terminal or a process group and again from the launcher, and a
 * program that is already ending would die of the second one. So the launcher passes signals on as messages, and a
 * program that has stopped listening for signals, because it heard one, hears no other from here.
 */
const launcher = process.env.MAGICTASK_LAUNCHER
delete process.env.MAGICTASK_LAUNCHER

if (launcher === String(process.ppid) && process.channel !== undefined) obeyLauncher()

function obeyLauncher() {
  const everListened = new Set()
  process.on('newListener', (event) => everListened.add(event))
  process.on('message', (message) => {
    if (typeof message?.launcherGot === 'string') hear(message.launcherGot)
  })
  process.on('disconnect', () => hear('SIGTERM'))
  process.channel.unref() // being told what to do is no reason to stay

  function hear(signal) {
    if (process.listenerCount(signal) > 0) process.emit(signal, signal)
    else if (!everListened.has(signal)) process.kill(process.pid, signal)
  }
}
