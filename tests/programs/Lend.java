import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Threads that fetch from one server and post to another: over a few connections lent out one at a time, or by an executor. */
class Worker extends Thread {
    static BlockingQueue<Peer> idle;
    static ThreadPoolExecutor crew;
    static ThreadLocal<Peer> own;

    final int worker;

    Worker(int worker) {
        this.worker = worker;
    }

    static Peer connect(String role) {
        try {
            return new Peer(Settings.word(role));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Hands it over to the executor, and waits until it is done. */
    static void handOver(String body) throws InterruptedException, ExecutionException {
        crew.submit(() -> own.get().ask("POST", "/rows", body)).get();
    }

    static void insert(String body) throws IOException, InterruptedException {
        Peer connection = idle.take();
        try {
            connection.ask("POST", "/rows", body);
        } finally {
            idle.put(connection);
        }
    }

    @Override
    public void run() {
        try {
            Peer source = new Peer(Settings.word("input"));
            String filler = "r".repeat((int) Settings.number("bytes"));
            Thread.sleep(Settings.number("stagger_us") * worker / 1000);
            Page page = new Page(worker);
            page.enter(Page.FETCH, 0);
            while (true) {
                int rows = source.ask("GET", "/rows", "");
                page.enter(Page.TRANSFORM, 0);
                String body = rows + filler;
                page.enter(Page.WRITE, 0);
                if (crew != null) handOver(body);
                else insert(body);
                page.enter(Page.FETCH, 1);
            }
        } catch (IOException | InterruptedException | ExecutionException over) {
            return;
        }
    }

    public static void main(String[] words) throws Exception {
        Settings.read();
        int connections = (int) Settings.number("connections"), most = (int) Settings.number("most_threads");
        if (connections > 0) idle = new ArrayBlockingQueue<>(connections);
        for (int count = 0; count < connections; count++) idle.put(connect("output"));
        if (most > 0) {
            own = ThreadLocal.withInitial(() -> connect("output"));
            // It grows when its queue is full, which this one never is.
            crew = new ThreadPoolExecutor(1, most, 60, TimeUnit.SECONDS, new LinkedBlockingQueue<>());
        }
        for (int worker = 0; worker < Settings.number("workers"); worker++) new Worker(worker).start();
        Thread.sleep(Settings.number("seconds") * 1000);
        Runtime.getRuntime().halt(1);
    }
}
