import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.memory.MemoryBackend;
import java.util.List;

/**
 * Speaks MongoDB's protocol on 127.0.0.1 and keeps everything in memory. It knows MongoDB 5.0's
 * commands but tells that version's predecessors' wire version, which today's drivers refuse.
 */
public class StandIn {
  record FiveZero() implements MongoVersion {
    public List<Integer> getVersionArray() {
      return List.of(5, 0, 0);
    }

    public int getWireVersion() {
      return 13;
    }
  }

  public static void main(String[] args) {
    MongoServer server = new MongoServer(new MemoryBackend().version(new FiveZero()));
    server.bind("127.0.0.1", Integer.parseInt(args[0]));
    Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
  }
}
