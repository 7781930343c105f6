using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http;
using Temper.Inference;
using Temper.Serving.Metrics;
using Temper.Serving.Protocol;
using Temper.Tensors;

namespace Temper.Serving;

/// <summary>Handles inference requests; every failure is mapped to an HTTP status.</summary>
internal sealed class InferEndpoint(ServerOptions options, BatchingQueue queue, ServerMetrics metrics)
{
    /// <summary>The status that proxies log if the client disconnects.</summary>
    private const int ClientClosedRequest = 499;

    internal async Task Handle(HttpContext context)
    {
        long start = Stopwatch.GetTimestamp();
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        deadline.CancelAfter(options.RequestTimeout);
        int status = 200;
        try
        {
            InferRequest request = await Read(context, deadline.Token).ConfigureAwait(false);
            IReadOnlyList<Tensor> results = await Run(request, context, deadline.Token).ConfigureAwait(false);
            await Write(context, InferResponse.Of(options, queue.Network, request, results)).ConfigureAwait(false);
        }
        catch (Exception error) when (IsDisconnected(context, error))
        {
            status = ClientClosedRequest;
        }
#pragma warning disable CA1031 // Every failure gets a response; internal errors are reported.
        catch (Exception error)
#pragma warning restore CA1031
        {
            (status, string message) = Responses.StatusOf(error);
            if (status == StatusCodes.Status500InternalServerError && error is not RequestException)
            {
                options.OnFailure?.Invoke(error);
            }

            status = await Failed(context, status, message).ConfigureAwait(false);
        }

        metrics.Count(status, Stopwatch.GetElapsedTime(start));
    }

    /// <summary>
    /// Answers with an error; returns the status, which is another one if the client has gone meanwhile.
    /// </summary>
    private static async Task<int> Failed(HttpContext context, int status, string message)
    {
        try
        {
            await Responses.Error(context, status, message).ConfigureAwait(false);
            return status;
        }
        catch (Exception error) when (IsDisconnected(context, error))
        {
            return ClientClosedRequest;
        }
    }

    /// <summary>
    /// Whether the client has disconnected. A reset connection can end a read before it is reported by the context.
    /// </summary>
    private static bool IsDisconnected(HttpContext context, Exception error) => error is ConnectionResetException
        || (error is OperationCanceledException or IOException && context.RequestAborted.IsCancellationRequested);

    private async Task<InferRequest> Read(HttpContext context, CancellationToken deadline)
    {
        try
        {
            using RequestBody body = await RequestBody.ReadAsync(context.Request, deadline).ConfigureAwait(false);
            return InferRequest.Read(queue.Network, body.Json, body.Raw);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            throw new RequestException(
                StatusCodes.Status408RequestTimeout, string.Create(
                    CultureInfo.InvariantCulture,
                    $"the request was not received within {options.RequestTimeout.TotalSeconds} s"));
        }
    }

    private async Task<IReadOnlyList<Tensor>> Run(InferRequest request, HttpContext context, CancellationToken deadline)
    {
        try
        {
            return await queue.RunAsync(request.Inputs, deadline).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!context.RequestAborted.IsCancellationRequested)
        {
            throw new RequestException(
                StatusCodes.Status504GatewayTimeout, string.Create(
                    CultureInfo.InvariantCulture, $"no result within {options.RequestTimeout.TotalSeconds} s"));
        }
    }

    private static async Task Write(HttpContext context, InferResponse response)
    {
        context.Response.ContentLength = response.Length;
        context.Response.ContentType = response.Raw.Count > 0 ? "application/octet-stream" : "application/json";
        if (response.Raw.Count > 0)
        {
            context.Response.Headers[RequestBody.JsonLengthHeader] =
                response.Json.Length.ToString(CultureInfo.InvariantCulture);
        }

        await context.Response.BodyWriter.WriteAsync(response.Json, context.RequestAborted).ConfigureAwait(false);
        foreach (Tensor tensor in response.Raw)
        {
            Append(context.Response.BodyWriter, TensorBytes.Of(tensor));
            await context.Response.BodyWriter.FlushAsync(context.RequestAborted).ConfigureAwait(false);
        }
    }

    private static void Append(PipeWriter body, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(body.GetSpan(bytes.Length));
        body.Advance(bytes.Length);
    }
}
