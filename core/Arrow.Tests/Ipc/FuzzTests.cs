using Federation.Arrow.Ipc;
using Federation.Core.Errors;
using Federation.Core.Types;

namespace Federation.Arrow.Tests.Ipc;

/// <summary>Whatever bytes come, reading ends with batches or a <see cref="SqlException"/>, soon, and with bounded memory.</summary>
[Collection(NativeMemoryCollection.Name)]
public sealed class FuzzTests
{
    private const int Inputs = 100_000;
    private const long MostLiveBytes = 1L << 30;
    private const int MostMutations = 8;

    /// <summary>Mutated streams of ours and of other writers.</summary>
    [Fact]
    public async Task Mutated_streams()
    {
        var before = NativeBuffer.LiveBytes;
        var random = new Random(20_250_101);
        var seeds = await SeedsAsync();
        var refused = 0;
        for (var i = 0; i < Inputs; i++)
        {
            var bytes = Mutate(random, seeds[random.Next(seeds.Count)]);
            try
            {
                await ReadAllAsync(bytes);
            }
            catch (SqlException error)
            {
                Assert.True(error.State.Class is "08" or "0A" or "22" or "54" or "42", $"{error.State} {error.Message}");
                refused++;
            }
            catch (Exception exception) when (exception is not Xunit.Sdk.XunitException)
            {
                Assert.Fail($"input {i}: {Convert.ToBase64String(bytes)}\n{exception}");
            }

            Assert.True(NativeBuffer.LiveBytes == before, $"input {i} leaves {NativeBuffer.LiveBytes - before} bytes");
        }

        // Mutations that hit values leave a stream valid; those that hit the structure must not.
        Assert.InRange(refused, Inputs / 10, Inputs - 1);
    }

    private static async Task ReadAllAsync(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes, writable: false);
        using var reader = new IpcStreamReader(stream);
        while (await reader.ReadBatchAsync() is { } batch)
        {
            using (batch)
            {
                Assert.True(NativeBuffer.LiveBytes < MostLiveBytes);
                // What was accepted can be read: every value lies in memory of the batch.
                foreach (var column in batch.Columns) Touch(column, 0, Math.Min(column.Length, 1000));
            }
        }
    }

    private static void Touch(Column column, int start, int count)
    {
        for (var row = start; row < start + count; row++)
        {
            if (column.IsNull(row)) continue;
            switch (column.Type.Storage)
            {
                case Storage.List:
                    var (first, length) = column.GetList(row);
                    Touch(column.Children[0], first, Math.Min(length, 100));
                    break;
                case Storage.Struct:
                    foreach (var child in column.Children) Touch(child, row, 1);
                    break;
                case Storage.Text or Storage.Bytes or Storage.Bit:
                    var sum = 0;
                    foreach (var value in column.GetBytes(row)) sum += value;
                    GC.KeepAlive(sum);
                    break;
                default: GC.KeepAlive(column.ReadValue(row)); break;
            }
        }
    }

    private static async Task<List<byte[]>> SeedsAsync()
    {
        var seeds = new List<byte[]>();
        foreach (var form in (IpcForm[])[IpcForm.Portable, IpcForm.Internal])
        {
            foreach (var types in Samples.Types().Chunk(9))
            {
                var schema = IpcSchema.Encode(Samples.Schema(types), form);
                using var stream = new MemoryStream();
                using var batch = Samples.Batch(schema.Batch, 20);
                var writer = new IpcStreamWriter(stream, schema);
                await writer.WriteAsync(batch);
                await writer.EndAsync();
                seeds.Add(stream.ToArray());
            }
        }

        if (GoldenFiles.Folder is { } folder)
            seeds.AddRange(
                GoldenFiles.Streams().Select(name => File.ReadAllBytes(Path.Combine(folder, name))).Where(bytes => bytes.Length < 8000));
        return seeds;
    }

    private static byte[] Mutate(Random random, byte[] seed)
    {
        var bytes = (byte[])seed.Clone();
        var mutations = 1 + random.Next(MostMutations);
        for (var i = 0; i < mutations; i++)
        {
            var at = random.Next(bytes.Length);
            switch (random.Next(6))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes[at] ^= (byte)(1 << random.Next(8)); break;
                case 2: bytes[at] = random.Next(2) == 0 ? byte.MaxValue : (byte)0; break;
                case 3 when at + 8 <= bytes.Length: BitConverter.TryWriteBytes(bytes.AsSpan(at), Interesting(random)); break;
                case 4 when at + 4 <= bytes.Length: BitConverter.TryWriteBytes(bytes.AsSpan(at), (int)Interesting(random)); break;
                case 5 when random.Next(4) == 0: bytes = bytes[..(at + 1)]; break;
            }
        }

        return bytes;
    }

    private static long Interesting(Random random) => random.Next(6) switch
    {
        0 => -1,
        1 => int.MaxValue,
        2 => long.MaxValue,
        3 => int.MinValue,
        4 => random.Next(100_000),
        _ => 1L << random.Next(63),
    };
}
