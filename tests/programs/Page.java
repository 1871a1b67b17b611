import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/** The books a worker keeps of its own work (layout: holdup::demo::Ledger). */
final class Page {
    static final int FETCH = 1, TRANSFORM = 2, WRITE = 3;
    static final VarHandle CELL = MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());
    final int base;

    Page(int worker) {
        base = (worker + 1) * 128;
    }

    void add(int cell, long more) {
        int place = base + cell * 8;
        CELL.setVolatile(Settings.books, place, (long) CELL.getVolatile(Settings.books, place) + more);
    }

    /** Ends the stage under way with so many items done, and begins another. */
    void enter(int stage, int items) {
        add(0, 1);
        long now = System.nanoTime();
        long left = (long) CELL.getVolatile(Settings.books, base + 8), since = (long) CELL.getVolatile(Settings.books, base + 16);
        add(4 + (int) left, now - since);
        add(3, items);
        CELL.setVolatile(Settings.books, base + 8, (long) stage);
        CELL.setVolatile(Settings.books, base + 16, now);
        add(0, 1);
    }
}
