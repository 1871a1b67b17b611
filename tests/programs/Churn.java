import java.io.FileOutputStream;
import java.io.IOException;

/** Threads that fetch from a server, make many small objects of what they got, keep those of the last items, and append to a file of their own each. */
class Worker extends Thread {
    /** What lives as long as the program. */
    static Object[] cache;
    static volatile long sum;

    final int worker;

    Worker(int worker) {
        this.worker = worker;
    }

    /** Small objects, each with a reference to the one before. */
    static Object[] objects(int count) {
        Object[] list = new Object[count];
        for (int at = 0; at < count; at++) list[at] = new Object[] {at % 100 == 0 ? null : list[at - 1], new byte[24]};
        return list;
    }

    @Override
    public void run() {
        try {
            Peer source = new Peer(Settings.word("input"));
            byte[] body = new byte[(int) Settings.number("bytes")];
            Object[][] kept = new Object[(int) Math.max(1, Settings.number("kept") / Settings.number("workers") / Settings.number("objects"))][];
            FileOutputStream out = new FileOutputStream("data/out-" + worker);
            Thread.sleep(Settings.number("stagger_us") * worker / 1000);
            Page page = new Page(worker);
            page.enter(Page.FETCH, 0);
            for (int item = 0;; item++) {
                int rows = source.ask("GET", "/rows", "");
                page.enter(Page.TRANSFORM, 0);
                Object[] objects = objects((int) Settings.number("objects"));
                kept[item % kept.length] = objects;
                body[0] = (byte) (rows + objects.length);
                page.enter(Page.WRITE, 0);
                out.write(body);
                page.enter(Page.FETCH, 1);
            }
        } catch (IOException | InterruptedException over) {
            return;
        }
    }

    public static void main(String[] words) throws Exception {
        Settings.read();
        cache = objects((int) Settings.number("cached"));
        for (int worker = 0; worker < Settings.number("workers"); worker++) new Worker(worker).start();
        Thread.sleep(Settings.number("seconds") * 1000);
        sum = cache.length;
        Runtime.getRuntime().halt(1);
    }
}
