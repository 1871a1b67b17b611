import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Threads that fetch from one server and post to another: over a few connections lent out one at a time, or by an executor. */
class Worker extends Thread {
    static final int FETCH = 1, TRANSFORM = 2, WRITE = 3;
    static final Map<String, String> SETTINGS = new HashMap<>();
    static BlockingQueue<Peer> idle;
    static ThreadPoolExecutor crew;
    static ThreadLocal<Peer> own;
    static ByteBuffer books;

    /** As much HTTP/1.1 as is needed, on a kept-alive connection. */
    static class Peer {
        final Socket socket;
        final byte[] buffer = new byte[65536];

        Peer(String address) throws IOException {
            String[] parts = address.split(":");
            socket = new Socket(parts[0], Integer.parseInt(parts[1]));
            socket.setTcpNoDelay(true);
        }

        /** Length of the reply's body. */
        int ask(String method, String path, String body) throws IOException {
            String head = method + " " + path + " HTTP/1.1\r\nHost: peer\r\nContent-Length: " + body.length() + "\r\n\r\n";
            socket.getOutputStream().write((head + body).getBytes(StandardCharsets.ISO_8859_1));
            InputStream in = socket.getInputStream();
            for (int have = 0;;) {
                int more = in.read(buffer, have, buffer.length - have);
                if (more <= 0) throw new IOException("closed");
                have += more;
                String text = new String(buffer, 0, Math.min(have, 256), StandardCharsets.ISO_8859_1);
                int end = text.indexOf("\r\n\r\n"), field = text.indexOf("Content-Length: ");
                if (end < 0) continue;
                int length = Integer.parseInt(text.substring(field + 16, text.indexOf("\r\n", field)));
                if (have >= end + 4 + length) return length;
            }
        }
    }

    /** The books a worker keeps of its own work (layout: holdup::demo::Ledger). */
    static class Page {
        static final VarHandle CELL = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
        final int base;

        Page(int worker) {
            base = (worker + 1) * 128;
        }

        void add(int cell, long more) {
            int place = base + cell * 8;
            CELL.setVolatile(books, place, (long) CELL.getVolatile(books, place) + more);
        }

        /** Ends the stage under way with so many items done, and begins another. */
        void enter(int stage, int items) {
            add(0, 1);
            long now = System.nanoTime();
            long left = (long) CELL.getVolatile(books, base + 8), since = (long) CELL.getVolatile(books, base + 16);
            add(4 + (int) left, now - since);
            add(3, items);
            CELL.setVolatile(books, base + 8, (long) stage);
            CELL.setVolatile(books, base + 16, now);
            add(0, 1);
        }
    }

    final int worker;

    Worker(int worker) {
        this.worker = worker;
    }

    static long number(String name) {
        return Long.parseLong(SETTINGS.getOrDefault(name, "0"));
    }

    static Peer connect(String role) {
        try {
            return new Peer(SETTINGS.get(role));
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
            Peer source = new Peer(SETTINGS.get("input"));
            String filler = "r".repeat((int) number("bytes"));
            Thread.sleep(number("stagger_us") * worker / 1000);
            Page page = new Page(worker);
            page.enter(FETCH, 0);
            while (true) {
                int rows = source.ask("GET", "/rows", "");
                page.enter(TRANSFORM, 0);
                String body = rows + filler;
                page.enter(WRITE, 0);
                if (crew != null) handOver(body);
                else insert(body);
                page.enter(FETCH, 1);
            }
        } catch (IOException | InterruptedException | ExecutionException over) {
            return;
        }
    }

    public static void main(String[] words) throws Exception {
        for (String line : Files.readAllLines(Path.of("settings"))) {
            String[] pair = line.split(" ", 2);
            SETTINGS.put(pair[0], pair[1]);
        }
        try (FileChannel file = FileChannel.open(Path.of("books"), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            books = file.map(FileChannel.MapMode.READ_WRITE, 0, file.size()).order(ByteOrder.nativeOrder());
        }
        int connections = (int) number("connections"), most = (int) number("most_threads");
        if (connections > 0) idle = new ArrayBlockingQueue<>(connections);
        for (int count = 0; count < connections; count++) idle.put(connect("output"));
        if (most > 0) {
            own = ThreadLocal.withInitial(() -> connect("output"));
            // It grows when its queue is full, which this one never is.
            crew = new ThreadPoolExecutor(1, most, 60, TimeUnit.SECONDS, new LinkedBlockingQueue<>());
        }
        for (int worker = 0; worker < number("workers"); worker++) new Worker(worker).start();
        Thread.sleep(number("seconds") * 1000);
        Runtime.getRuntime().halt(1);
    }
}
