#[path = "../src/empty.rs"]
mod empty;
fn run() -> f64 {
    let t = std::time::Instant::now();
    for _ in 0..2_000_000 {
        unsafe { libc::syscall(libc::SYS_getppid) };
    }
    t.elapsed().as_nanos() as f64 / 2e6
}
fn main() {
    for _ in 0..4 {
        let a = run();
        let e = empty::Empty::attach(c"sys_enter").unwrap();
        let b = run();
        let x = empty::Empty::attach(c"sys_exit").unwrap();
        let c = run();
        drop(e);
        let d = run();
        drop(x);
        let f = run();
        println!("none {a:.0} enter {b:.0} both {c:.0} exit {d:.0} none {f:.0}");
    }
}
